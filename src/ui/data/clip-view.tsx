/** One clip as the model gets it: frames, waveform, log-mel, prompt. */
import { useEffect, useRef } from 'react';
import type { ExampleInfo, Preview } from '../../protocol/messages.ts';
import { exampleOf } from '../../store/examples.ts';
import { useStudioState } from '../../store/react.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { drawFrame, drawLogMel, drawWaveform } from './drawing.ts';

export function ClipView() {
  const clip = useStudioState((state) => state.clip);
  const example = useStudioState(({ data }) => exampleOf(data, clip?.exampleId));
  const preview = clip?.preview;
  return (
    <Panel
      title="What the model sees"
      className="clip-view"
      aside={example && <span className="muted">{example.path}</span>}
    >
      <Problems commands={['preview']} />
      {!clip && (
        <Empty>Choose a clip from the list: its frames, its sound and its prompt will show here.</Empty>
      )}
      {clip && !preview && <p className="muted">Reading the clip…</p>}
      {preview && <PreviewBody preview={preview} example={example} />}
    </Panel>
  );
}

function PreviewBody({ preview, example }: { preview: Preview; example: ExampleInfo | undefined }) {
  const { frames, waveform, logMel, prompt, tokens, seconds } = preview;
  const size = frames[0] ? `${frames[0].width}×${frames[0].height}` : 'no picture';
  const facts = [
    example === undefined ? '' : `label ${example.label}`,
    example?.note ?? '',
    seconds === undefined ? '' : `${seconds.toFixed(2)} s`,
    `${frames.length} frames ${size}`,
    `${tokens} prompt tokens`,
  ];
  return (
    <div data-testid="preview">
      <p className="muted number">{facts.filter(Boolean).join(' · ')}</p>
      <div className="frames">
        {frames.map((frame, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: frames are known by their place only.
          <Frame key={index} frame={frame} name={`frame ${index + 1}`} />
        ))}
      </div>
      <h3>Waveform, 16 kHz mono</h3>
      <Drawing
        name="Waveform"
        height={72}
        draw={(canvas) => drawWaveform(canvas, waveform)}
        what={waveform}
      />
      <h3>
        Log-mel, {logMel.mels} × {logMel.columns}
      </h3>
      <Drawing
        name="Log-mel spectrogram"
        height={120}
        draw={(canvas) => drawLogMel(canvas, logMel)}
        what={logMel}
      />
      <h3>Prompt</h3>
      <pre className="prompt">{prompt}</pre>
    </div>
  );
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
