/** What the model gets of a clip: its frames, and its sound as waveform and log-mel. */
import { useEffect, useRef } from 'react';
import type { Preview } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { drawFrame, drawLogMel, drawWaveform } from './drawing.ts';

export function SeenAndHeard({ preview: { frames, waveform, logMel } }: { preview: Preview }) {
  const takesSound = useStudioState(({ model }) => model?.senses.includes('audio') === true);
  const isHeard = logMel.columns > 0;
  return (
    <>
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
