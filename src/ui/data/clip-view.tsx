/** One clip as the model gets it: frames, waveform, log-mel, prompt. */
import { useEffect } from 'react';
import { counted } from '../../math/format.ts';
import type { ExampleInfo, Preview } from '../../protocol/messages.ts';
import { exampleOf } from '../../store/examples.ts';
import { promptOf } from '../../store/prompts.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { SeenAndHeard } from '../parts/seen-and-heard.tsx';
import { shortened } from '../parts/shortened.ts';
import { Problems } from '../shell/notices.tsx';
import { labelWord } from './label-notes.ts';

/** Characters of what is right that are shown; all of it on pointing. */
const MOST_OF_LABEL = 400;

export function ClipView() {
  const clip = useStudioState((state) => state.clip);
  const example = useStudioState(({ data }) => exampleOf(data, clip?.exampleId));
  const preview = clip?.preview;
  const isText = useStudioState(({ data }) => data?.kind === 'questions');
  useFreshPrompt();
  return (
    <Panel
      title={isText ? 'What the model reads' : 'What the model sees'}
      className="clip-view"
      aside={example && <span className="muted">{example.path}</span>}
    >
      <Problems commands={['preview']} />
      {!clip && (
        <Empty>
          {isText
            ? 'Choose a question from the list: its prompt and its answer will show here.'
            : 'Choose a clip from the list: its frames, its sound and its prompt will show here.'}
        </Empty>
      )}
      {clip && !preview && <p className="muted">{isText ? 'Rendering…' : 'Reading the clip…'}</p>}
      {preview &&
        (isOfText(preview) ? (
          <QuestionBody {...{ preview, example }} />
        ) : (
          <PreviewBody {...{ preview, example }} />
        ))}
    </Panel>
  );
}

/** Whether nothing is shown or played with the question. */
const isOfText = ({ frames, logMel }: Preview): boolean => frames.length === 0 && logMel.columns === 0;

/** A clip that was looked at before the prompt's settings changed is shown under the new ones. */
function useFreshPrompt(): void {
  const studio = useStudio();
  const stale = useStudioState(({ clip, draft }) =>
    clip?.preview && clip.prompt !== promptOf(draft) ? clip.exampleId : undefined,
  );
  useEffect(() => {
    if (stale !== undefined) fire(studio.preview(stale));
  }, [stale, studio]);
}

/** A question that is about no clip: the prompt as the model reads it, and what is right. */
function QuestionBody({ preview, example }: { preview: Preview; example: ExampleInfo | undefined }) {
  const { tokens, answer } = preview;
  return (
    <div data-testid="preview">
      {example && <RightAnswer label={example.label} />}
      <p className="muted number">{tokens} prompt tokens</p>
      <Prompt preview={preview} />
      {answer !== undefined && answer !== example?.label && (
        <>
          <h3>Answer, as supervised training learns it</h3>
          <pre className="prompt">{answer}</pre>
        </>
      )}
    </div>
  );
}

function PreviewBody({ preview, example }: { preview: Preview; example: ExampleInfo | undefined }) {
  const { frames, tokens, seconds } = preview;
  const [first] = frames;
  const facts = [
    example?.note ?? '',
    seconds === undefined ? '' : `${seconds.toFixed(2)} s`,
    first ? `${counted(frames.length, 'frame')} ${first.width}×${first.height}` : '',
    `${tokens} prompt tokens`,
  ];
  return (
    <div data-testid="preview">
      {example && <RightAnswer label={example.label} />}
      <p className="muted number">{facts.filter(Boolean).join(' · ')}</p>
      <SeenAndHeard preview={preview} />
      <Prompt preview={preview} />
    </div>
  );
}

/** The end of a long one is left out; its letters run in their own direction. */
function RightAnswer({ label }: { label: string }) {
  const word = useStudioState(({ data }) => (data ? labelWord(data) : 'label'));
  return (
    <p className="right-answer-line" title={label}>
      <span className="muted">{word}</span> <bdi>{shortened(label, MOST_OF_LABEL)}</bdi>
    </p>
  );
}

/** What is asked, as the decoder reads it, and what is said of it. */
function Prompt({ preview: { prompt, notes = [] } }: { preview: Preview }) {
  return (
    <>
      <h3>Prompt</h3>
      {notes.map((note) => (
        <p key={note} className="notice" data-testid="prompt-note">
          {note}
        </p>
      ))}
      <pre className="prompt">{prompt}</pre>
    </>
  );
}
