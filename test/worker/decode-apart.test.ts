/** Decoding in a worker of its own: a clip that keeps it busy for good costs its row, and nothing else. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Medium } from '../../src/data/types.ts';
import { ClipDecoder, type DecodeRequest } from '../../src/worker/clips/decode-apart.ts';

const clip = (name: string) => ({ name, frames: [], waveform: null }) as never;
const file = new Blob(['x']);
const options = { frames: 8 } as const;
const SPEC = { frames: 8, audioSeconds: 0 };

/** Answers by the clip's name; 'circle' never does, 'slow' and 'endless' say every second that they are alive. */
class FakeWorker {
  static open: FakeWorker[] = [];
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onerror: (event: { message: string; preventDefault(): void }) => void = () => undefined;
  ended = false;
  readonly #answers: ReturnType<typeof setTimeout>[] = [];

  constructor() {
    FakeWorker.open.push(this);
  }

  postMessage({ name }: DecodeRequest): void {
    const say = (data: unknown, ms = 0) =>
      void this.#answers.push(setTimeout(() => this.onmessage({ data }), ms));
    if (name === 'whole') say({ clip: clip(name) });
    if (name === 'refused') say({ refused: { message: 'refused: found a damaged clip.', hint: 'Copy it.' } });
    if (name === 'fails')
      setTimeout(() => this.onerror({ message: 'boom', preventDefault: () => undefined }));
    if (name !== 'slow' && name !== 'endless') return;
    const seconds = name === 'slow' ? 240 : 1000;
    for (let second = 1; second < seconds; second++) say('alive', 1000 * second);
    say({ clip: clip(name) }, 1000 * seconds);
  }

  terminate(): void {
    this.ended = true;
    for (const answer of this.#answers) clearTimeout(answer);
  }
}

/** With the patience of the product, by a clock that the test moves on. */
function decoder(): ClipDecoder {
  FakeWorker.open = [];
  return new ClipDecoder(() => new FakeWorker() as unknown as Worker);
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('answers come in turn from one worker, refusals as they were said', async () => {
  const decodes = decoder();
  const both = Promise.allSettled([
    decodes.decode(file, 'whole', options),
    decodes.decode(file, 'refused', options),
  ]);
  await vi.advanceTimersByTimeAsync(10);
  const [whole, refused] = await both;
  expect(whole).toMatchObject({ status: 'fulfilled', value: { name: 'whole' } });
  expect(refused).toMatchObject({ reason: { message: 'refused: found a damaged clip.', hint: 'Copy it.' } });
  expect(FakeWorker.open.map(({ ended }) => ended)).toEqual([false]);
  expect(vi.getTimerCount()).toBe(0);
});

it.each([
  ['circle', 60_000, /^circle: found a clip in which the decoder went round for 60 s/],
  ['endless', 300_000, /^endless: found a clip that takes longer than 300 s to decode, expected a few/],
])('a clip as %s is refused after %d ms, and the next has a new worker', async (name, ms, message) => {
  const decodes = decoder();
  let isOver = false;
  const refused = expect(
    decodes.decode(file, name, options).finally(() => {
      isOver = true;
    }),
  ).rejects.toThrow(message);
  const next = decodes.decode(file, 'whole', options);
  await vi.advanceTimersByTimeAsync(ms - 1);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await refused;
  await vi.advanceTimersByTimeAsync(10);
  expect(await next).toMatchObject({ name: 'whole' });
  expect(FakeWorker.open.map(({ ended }) => ended)).toEqual([true, false]);
  expect(vi.getTimerCount()).toBe(0);
});

it('a slow one that says that it is alive is waited for', async () => {
  const slow = decoder().decode(file, 'slow', options);
  await vi.advanceTimersByTimeAsync(240_000);
  expect(await slow).toMatchObject({ name: 'slow' });
});

it('a worker that fails is replaced', async () => {
  const decodes = decoder();
  const failed = expect(decodes.decode(file, 'fails', options)).rejects.toThrow(
    /fails: the worker .* failed: boom/,
  );
  const next = decodes.decode(file, 'whole', options);
  await vi.advanceTimersByTimeAsync(10);
  await failed;
  expect(await next).toMatchObject({ name: 'whole' });
  expect(FakeWorker.open.map(({ ended }) => ended)).toEqual([true, false]);
});

it('a clip that is looked at waits for none that a run prepares', async () => {
  FakeWorker.open = [];
  vi.stubGlobal('Worker', FakeWorker);
  const { decodeForRuns, decodeForPreview } = await import('../../src/worker/clips/clips.ts');
  const medium = (path: string) => ({ path, files: [{ path, blob: async () => file }] }) as unknown as Medium;
  const circle = expect(decodeForRuns(medium('circle'), SPEC)).rejects.toThrow('went round');
  await vi.advanceTimersByTimeAsync(10);
  const looked = decodeForPreview(medium('whole'), SPEC);
  await vi.advanceTimersByTimeAsync(10);
  expect(await looked).toMatchObject({ name: 'whole' });
  expect(FakeWorker.open).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(60_000);
  await circle;
});
