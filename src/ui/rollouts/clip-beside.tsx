/** What answers are about, beside them: the clip as it was recorded, what the model got of it, what it was asked, and what is right. */
import { useEffect, useRef, useState } from 'react';
import { counted } from '../../math/format.ts';
import type { AnswerOf, ClipFile } from '../../protocol/messages.ts';
import { exampleOf } from '../../store/examples.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { SeenAndHeard } from '../parts/seen-and-heard.tsx';
import { useKey } from '../shell/keys.ts';
import { Problems } from '../shell/notices.tsx';
import { Player } from './player.tsx';

interface BesideProps {
  readonly exampleId: string;
  readonly label: string;
  /** The row's own, where it was asked. */
  readonly question: string | undefined;
}

export function ClipBeside({ exampleId, label, question }: BesideProps) {
  const asked = useStudioState(({ data }) => question ?? exampleOf(data, exampleId)?.question);
  const isText = useStudioState(({ data }) => data?.kind === 'questions');
  /** With other data open than the run's, a clip of that name is another clip. */
  const isOfRun = useStudioState(({ running }) => running !== undefined);
  const hasClip = !isText && isOfRun;
  return (
    <section
      className="clip-beside"
      aria-label={isText ? 'The question' : 'The clip'}
      data-testid="clip-beside"
    >
      {hasClip && <Players exampleId={exampleId} />}
      {!isText && !isOfRun && (
        <p className="muted">Another data set is open than the one of this run: its clips are not at hand.</p>
      )}
      {asked !== undefined && (
        <p data-testid="asked">
          <span className="muted">question</span> <bdi>{asked}</bdi>
        </p>
      )}
      <p>
        <span className="muted">truth</span> <bdi>{label}</bdi>
      </p>
      {hasClip && <AsTheModel exampleId={exampleId} />}
    </section>
  );
}

function Players({ exampleId }: { readonly exampleId: string }) {
  const found = useClipFiles(exampleId);
  const place = useRef<HTMLDivElement>(null);
  useKey(['c'], () => {
    const player = place.current?.querySelector<HTMLMediaElement>('video, audio');
    if (player?.paused) fire(player.play());
    else player?.pause();
  });
  return (
    <div className="players" ref={place}>
      {found instanceof Error && <p className="notice">{found.message}</p>}
      {Array.isArray(found) && found.map((clip) => <Player key={clip.name} clip={clip} />)}
    </div>
  );
}

/** The files that the row shows and plays, or why they cannot be had; undefined until the worker has told. */
function useClipFiles(exampleId: string): readonly ClipFile[] | Error | undefined {
  const studio = useStudio();
  const [found, setFound] = useState<readonly ClipFile[] | Error>();
  useEffect(() => {
    let wanted = true;
    const show = (next: readonly ClipFile[] | Error) => {
      if (wanted) setFound(next);
    };
    studio.ask('clipFiles', { exampleId }).then(
      ({ media }: AnswerOf<'clipFiles'>) => show(media),
      ({ message, hint = '' }: Error & { hint?: string }) => show(new Error(`${message} ${hint}`.trim())),
    );
    return () => {
      wanted = false;
    };
  }, [studio, exampleId]);
  return found;
}

/** The very frames and the log-mel that the run's steps were computed from. */
function AsTheModel({ exampleId }: { readonly exampleId: string }) {
  const preview = usePreview(exampleId);
  return (
    <div className="as-the-model" data-testid="as-the-model">
      <Problems commands={['preview']} />
      {preview && (
        <>
          <h3>What the model gets: {counted(preview.frames.length, 'frame')}</h3>
          <SeenAndHeard preview={preview} />
        </>
      )}
      {!preview && <WhileReading />}
    </div>
  );
}

function WhileReading() {
  const isReading = useStudioState(({ pending }) => [...pending.values()].includes('preview'));
  return isReading && <p className="muted">What the model gets of it is being read…</p>;
}

/** Under the run's own settings; asked for once, however many answers to the clip are opened. */
function usePreview(exampleId: string) {
  const studio = useStudio();
  const config = useStudioState(({ running }) => running);
  const clip = useStudioState((state) => state.clip);
  const isIt = clip?.exampleId === exampleId && clip.config === config;
  useEffect(() => {
    const { clip } = studio.store.getState();
    if (!config || (clip?.exampleId === exampleId && clip.config === config)) return;
    fire(studio.ask('preview', { exampleId, config }));
  }, [studio, exampleId, config]);
  return isIt ? clip.preview : undefined;
}
