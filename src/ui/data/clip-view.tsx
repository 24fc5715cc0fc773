/** One clip as the model gets it: frames, waveform, log-mel, prompt. */
import { useEffect, useRef } from 'react';
import { counted } from '../../math/format.ts';
import type { ExampleInfo, Preview } from '../../protocol/messages.ts';
import { exampleOf } from '../../store/examples.ts';
import { promptOf } from '../../store/prompts.ts';
import { useStudio, useStudioState } from '../../store/react.ts';

import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { shortened } from '../parts/shortened.ts';
import { Problems } from '../shell/notices.tsx';
import { drawFrame, drawLogMel, drawWaveform } from './drawing.ts';
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
  const { frames, waveform, logMel, tokens, seconds } = preview;
  const takesSound = useStudioState(({ model }) => model?.senses.includes('audio') === true);
  const [first] = frames;
  const isHeard = logMel.columns > 0;
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
      <div className="frames">
        {frames.map((frame, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: frames are known by their place only.
          <Frame key={index} frame={frame} name={`frame ${index + 1}`} />
        ))}
      </div>
      {isHeard && <Sound waveform={waveform} logMel={logMel} />}
      {!isHeard && (
        <p className="muted" data-testid="sound-note">
          {takesSound
            ? 'A picture: there is no sound with it.'
            : 'This model takes no sound: what a clip has of it is not read.'}
        </p>
      )}
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

/** What is heard; where there is nothing to draw, why. */
function Sound({ waveform, logMel }: Pick<Preview, 'waveform' | 'logMel'>) {
  const note = soundNote(waveform);
  return (
    <>
      <h3>Waveform, 16 kHz mono</h3>
      {note && (
        <p className="muted" data-testid="sound-note">
          {note}
        </p>
      )}
      {waveform.length > 0 && (
        <Drawing
          name="Waveform"
          height={72}
          draw={(canvas) => drawWaveform(canvas, waveform)}
          what={waveform}
        />
      )}
      {logMel.columns > 0 && waveform.length > 0 && (
        <>
          <h3>
            Log-mel, {logMel.mels} × {logMel.columns}
          </h3>
          <Drawing
            name="Log-mel spectrogram"
            height={120}
            draw={(canvas) => drawLogMel(canvas, logMel)}
            what={logMel}
          />
        </>
      )}
    </>
  );
}

function soundNote(waveform: Float32Array): string | undefined {
  if (waveform.length === 0) return 'This clip has no sound: the model hears silence in its place.';
  return waveform.every((peak) => peak === 0)
    ? 'The sound of this clip is silent from end to end.'
    : undefined;
}

function Frame({ frame, name }: { frame: ImageBitmap; name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) drawFrame(canvas.current, frame);
  }, [frame]);
  return <canvas ref={canvas} role="img" aria-label={name} />;
}

interface DrawingProps {
  name: string;
  height: number;
  draw: (canvas: HTMLCanvasElement) => void;
  /** Draws again when this changes. */
  what: unknown;
}

function Drawing({ name, height, draw, what }: DrawingProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `what` stands for the drawing; `draw` is new on every render.
  useEffect(() => {
    if (canvas.current) draw(canvas.current);
  }, [what]);
  return (
    <canvas ref={canvas} role="img" aria-label={name} className="drawing" style={{ blockSize: height }} />
  );
}
