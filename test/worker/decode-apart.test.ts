/** Decoding in a worker of its own: a clip that keeps it busy for good costs its row, and nothing else. */
import { expect, it } from 'vitest';
import { InputError } from '../../src/math/errors.ts';
import { ClipDecoder, type DecodeRequest } from '../../src/worker/decode-apart.ts';

const clip = (name: string) => ({ name, frames: [], waveform: null }) as never;
const file = new Blob(['x']);
const options = { frames: 8 } as const;

/** Answers by the clip's name; 'circle' never does, 'slow' says a few times that it is alive first. */
class FakeWorker {
  static open: FakeWorker[] = [];
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onerror: (event: { message: string; preventDefault(): void }) => void = () => undefined;
  ended = false;

  constructor() {
    FakeWorker.open.push(this);
  }

  postMessage({ name }: DecodeRequest): void {
    const say = (data: unknown, ms = 0) => setTimeout(() => this.ended || this.onmessage({ data }), ms);
    if (name === 'whole') say({ clip: clip(name) });
    if (name === 'refused') say({ refused: { message: 'refused: found a damaged clip.', hint: 'Copy it.' } });
    if (name === 'fails')
      setTimeout(() => this.onerror({ message: 'boom', preventDefault: () => undefined }));
    if (name !== 'slow') return;
    for (const ms of [40, 80, 120, 160]) say('alive', ms);
    say({ clip: clip(name) }, 200);
  }

  terminate(): void {
    this.ended = true;
  }
}

function decoder(silenceMs = 100): ClipDecoder {
  FakeWorker.open = [];
  return new ClipDecoder(() => new FakeWorker() as unknown as Worker, silenceMs);
}

it('answers come in turn from one worker, refusals as they were said', async () => {
  const decodes = decoder();
  const [whole, refused] = await Promise.allSettled([
    decodes.decode(file, 'whole', options),
    decodes.decode(file, 'refused', options),
  ]);
  expect(whole).toMatchObject({ status: 'fulfilled', value: { name: 'whole' } });
  expect(refused).toMatchObject({ reason: { message: 'refused: found a damaged clip.', hint: 'Copy it.' } });
  expect(FakeWorker.open.map(({ ended }) => ended)).toEqual([false]);
});

it('a clip over which the worker goes silent is refused, and the next has a new worker', async () => {
  const decodes = decoder();
  const circle = decodes.decode(file, 'circle', options);
  const next = decodes.decode(file, 'whole', options);
  await expect(circle).rejects.toThrow(/^circle: found a clip in which the decoder went round/);
  await expect(circle).rejects.toBeInstanceOf(InputError);
  expect(await next).toMatchObject({ name: 'whole' });
  expect(FakeWorker.open.map(({ ended }) => ended)).toEqual([true, false]);
});

it('a slow one that says that it is alive is waited for', async () => {
  expect(await decoder().decode(file, 'slow', options)).toMatchObject({ name: 'slow' });
});

it('what is asked to end ends at once, and a worker that fails is replaced', async () => {
  const decodes = decoder(60_000);
  const ending = new AbortController();
  const circle = decodes.decode(file, 'circle', { ...options, signal: ending.signal });
  setTimeout(() => ending.abort(new Error('stopped')), 20);
  await expect(circle).rejects.toThrow('stopped');
  await expect(decodes.decode(file, 'fails', options)).rejects.toThrow(/fails: the worker .* failed: boom/);
  expect(await decodes.decode(file, 'whole', options)).toMatchObject({ name: 'whole' });
  expect(FakeWorker.open.map(({ ended }) => ended)).toEqual([true, true, false]);
});
