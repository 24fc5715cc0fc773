/** What a row shows and plays, kind by kind: from media to token ids, features and steps, and what is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset, Example, Medium, MediumKind } from '../../src/data/types.ts';
import { mropePositions } from '../../src/decoder/mrope.ts';
import { humanOmniConfig } from '../../src/families/humanomni/index.ts';
import { featureShapes } from '../../src/families/humanomni/parts.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { startTfOnDevice } from '../../src/media/tf-device.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { Decode } from '../../src/worker/clips/decoded.ts';
import { FeatureStore } from '../../src/worker/clips/features.ts';
import { clipFingerprint } from '../../src/worker/clips/fingerprint.ts';
import { demandFitting, fittingFor } from '../../src/worker/inputs/fitting.ts';
import type { ClipModel } from '../../src/worker/inputs/model.ts';
import { Run } from '../../src/worker/run.ts';
import { numbers, testGpu } from '../ops/harness.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { openClipModel } from './clip-model.ts';
import { openText } from './text-run.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

/** A tall picture of one colour after the other, whatever the file; sound that follows from the file's name. */
const decode: Decode = async ({ path }, { frames: choice, audioSeconds = 30 }) => {
  const [width, height] = path.startsWith('wide') ? [112, 56] : [56, 84];
  const spread = path.endsWith('.jpg') ? 1 : 4;
  const count = choice === undefined ? 0 : typeof choice === 'number' ? choice : spread;
  const seed = path.charCodeAt(0);
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (seed * 37 + i) % 256);
  const frames = Array.from({ length: count }, () => ({ width, height, data }));
  return {
    ...{ name: path, frames, frameIndices: frames.map((_, i) => i), frameCount: count, fps: 2 },
    waveform: audioSeconds > 0 ? numbers(8000, path.length, 0.1) : null,
    ...{ durationSeconds: Math.max(1, count) / 2, width, height, warnings: [] },
  };
};

const medium = (kind: MediumKind, path: string, part: Partial<Medium> = {}): Medium => ({
  ...{ kind, path, files: [{ path, size: 1, blob: async () => new Blob([path]) }] },
  ...part,
});

const row = (media: readonly Medium[], question: string | null = null): Example => ({
  id: media.map(({ path }) => path).join(', ') || (question ?? ''),
  ...{ label: 'sad', writtenLabel: 'sad', question, answer: 'sad', speaker: null, split: 'train' },
  ...{ media, place: { file: 'data.json', row: 1 } },
});

const ask = (question: string): Example => row([], question);
const clip = row([medium('video', 'a.mp4')]);
const picture = row([medium('image', 'a.jpg')]);
const sound = row([medium('audio', 'a.wav')]);
const both = row([medium('video', 'a.mp4'), medium('audio', 'a.wav')]);

const dataOf = (examples: readonly Example[]): Dataset => ({
  ...{ name: 'rows', kind: 'clips', examples, issues: [], rows: examples.length },
  ...{ format: 'JSON', division: '' },
});
const quiet = { weights: () => undefined, kernels: () => undefined, clips: () => undefined };
const never = () => false;
const CONFIG: Partial<Config> = {
  ...{ promptsPerStep: 5, groupSize: 2, maxCompletionLength: 4, question: 'Which?', beta: 0.04 },
  ...{ loraRank: 2, learningRate: 1e-3, entropyCoef: 0.1 },
};

/** What the towers made of the clips, for all runs of the file. */
const cache = memoryFeatureCache();

async function openRun(model: ClipModel, examples: readonly Example[], values: Partial<Config> = {}) {
  const features = new FeatureStore({ gpu }, model, cache, decode);
  const config = parseConfig({ ...CONFIG, ...values });
  const parts = { gpu, model, data: dataOf(examples), features, config, before: [] };
  const run = await Run.load({ ...parts, report: quiet, trains: true, stopped: never });
  await startTfOnDevice(gpu.device, gpu.info);
  await run.prepareTraining();
  return { run, features };
}

/** Ids of a text with as many places as numbers say where these stand. */
const idsOf = ({ text }: ClipModel, parts: readonly (string | number)[]): number[] =>
  parts.flatMap((part) =>
    typeof part === 'number' ? Array<number>(part).fill(0) : text.tokenizer.encode(part),
  );

const SYSTEM = '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n';
const END = '<|im_end|>\n<|im_start|>assistant\n';
const EMOTION =
  'Which?\nOutput the thinking process in <think> </think> and final emotion in <answer> </answer> tags.';
const ANSWER = 'Output the thinking process in <think> </think> and final answer in <answer> </answer> tags.';

describe('HumanOmni', () => {
  // Of the toy: 8 frames of 4 tokens, and 5 of sound. The tags are those of MODEL.md, section 7.
  const rows = [clip, picture, sound, both, ask('2 + 2?')];
  let model: ClipModel;
  /** A run whose adapter trains. */
  let opened: Awaited<ReturnType<typeof openRun>>;
  beforeAll(async () => {
    model = await openClipModel(await treeFromDisk('test/golden/omni-tiny'));
    opened = await openRun(model, rows);
  }, 240_000);
  afterAll(() => opened.run[Symbol.dispose]());

  it('is asked with the tag of each kind, and with a newline where nothing is shown', async () => {
    const { run } = opened;
    const { audio } = model.clips.counts;
    const expected = [
      [`${SYSTEM}<vi_start>`, 32, '<vi_end>\n<au_start>', audio, `<au_end>\n${EMOTION}${END}`],
      [`${SYSTEM}<im_start>`, 4, `<im_end>\n${EMOTION}${END}`],
      [`${SYSTEM}<au_start>`, audio, `<au_end>\n${EMOTION}${END}`],
      [`${SYSTEM}<vi_start>`, 32, '<vi_end>\n<au_start>', audio, `<au_end>\n${EMOTION}${END}`],
      [`${SYSTEM}\n2 + 2?\n${ANSWER}${END}`],
    ];
    rows.forEach((example, index) => {
      const { ids } = run.prompts.of(example).tokensOf();
      expect([...ids], example.id).toEqual(idsOf(model, expected[index]!));
    });
  }, 120_000);

  it('sees a picture as one frame, hears sound alone, and takes two files for one clip', async () => {
    const { run, features } = opened;
    const load = (example: Example) => features.load(example as Parameters<FeatureStore['load']>[0]);
    const [whole, one, heard, two] = [
      await load(clip),
      await load(picture),
      await load(sound),
      await load(both),
    ];
    const [patches, width] = featureShapes(humanOmniConfig(model.config), 1).vision;
    expect(one.vision!.length).toBe(patches * width);
    expect(one.audio).toBeUndefined();
    // The frames of the toy clip are alike, and those of the picture.
    const gaps = one.vision!.map((value, i) => Math.abs(value - whole.vision![i]!));
    expect(Math.max(...gaps)).toBeLessThan(1e-5);
    expect(heard.vision).toBeUndefined();
    expect(two.vision).toEqual(whole.vision);
    expect(two.audio).toEqual(heard.audio);
    // a.mp4 and a.wav sound alike here.
    expect(two.audio).toEqual(whole.audio);
    const muted = await run.evaluate(
      { split: 'train', mute: 'video' },
      { ...quiet, answers: () => undefined },
    );
    expect(muted.clips.map(({ exampleId }) => exampleId).sort()).toEqual(rows.map(({ id }) => id).sort());
  }, 120_000);

  async function expectTrains(run: Run): Promise<void> {
    const names = run.policy.store.names();
    const before = await Promise.all(names.map((name) => run.policy.store.read(name)));
    const { metrics } = await run.takeStep();
    expect(metrics.kl).toBeLessThan(1e-6);
    expect(metrics.grad_norm).toBeGreaterThan(0);
    await run.takeStep();
    const after = await Promise.all(names.map((name) => run.policy.store.read(name)));
    expect(after.some((values, i) => values.some((value, j) => value !== before[i]![j]))).toBe(true);
  }

  it('trains an adapter on all kinds in one step', () => expectTrains(opened.run), 120_000);

  it('trains projectors and gate on all kinds in one step', async () => {
    const values = { loraRank: 0, trainDecoder: false, trainProjectors: true, trainGate: true };
    using run = (await openRun(model, rows, values)).run;
    await expectTrains(run);
  }, 120_000);

  it('has what is shown where the text has its tag; a video is followed by what it sounds like', () => {
    const { audio } = model.clips.counts;
    const asked = (text: string, kinds: readonly MediumKind[]) =>
      model.text.promptOf({ ...parseConfig({}), words: { text } }, kinds);
    const sight = asked('See <video>\nand say what.', ['video']);
    const heard = ['<vi_end>\n<au_start>', audio, `<au_end>\nand say what.${END}`];
    expect([...sight.tokensOf().ids]).toEqual(idsOf(model, [`${SYSTEM}See <vi_start>`, 32, ...heard]));
    expect(sight.gateIds).toEqual(asked('See and say what.', ['video']).gateIds);
    const { ids, audio: [slot] = [] } = asked('<audio> or <image>?', ['audio', 'image']).tokensOf();
    const parts = [`${SYSTEM}<au_start>`, audio, '<au_end> or <im_start>', 4, `<im_end>?${END}`];
    expect([...ids]).toEqual(idsOf(model, parts));
    expect(slot!.start).toBe(idsOf(model, parts.slice(0, 1)).length);
    expect(() => asked('<image> or <image>?', ['image'])).toThrow('two places for video');
  });

  it('refuses several pictures, several sounds', () => {
    const two = row([medium('image', 'a.jpg'), medium('image', 'b.jpg')]);
    const sounds = row([medium('audio', 'a.wav'), medium('audio', 'b.wav')]);
    const { data, refused } = fittingFor(model, dataOf([two, clip, sounds]));
    expect(data.examples).toEqual([clip]);
    expect([...refused.values()]).toMatchObject([
      {
        reason: 'not for this model',
        file: 'data.json',
        row: 1,
        message: expect.stringContaining('a.jpg, b.jpg: It shows 2 pictures or videos'),
      },
      { message: expect.stringContaining('It plays 2 sounds') },
    ]);
  });
});

describe('Qwen2-VL', () => {
  const START = '<|vision_start|>';
  const BEHIND = `<|vision_end|>${EMOTION}${END}`;
  const pictures = row([medium('image', 'a.jpg'), medium('image', 'wide.jpg')]);
  const mixed = row([medium('image', 'a.jpg'), medium('video', 'a.mp4')]);
  const rows = [picture, pictures, mixed, both, ask('2 + 2?')];
  let model: ClipModel;
  let opened: Awaited<ReturnType<typeof openRun>>;
  beforeAll(async () => {
    model = await openClipModel(await qwen2VlTree('published'));
    opened = await openRun(model, rows);
  }, 240_000);
  afterAll(() => opened.run[Symbol.dispose]());
  // 56 by 84 pixels in patches of 14 and tokens of 2 by 2: 2 by 3 tokens; 112 by 56: 4 by 2. A patch spans two frames.
  const [TALL, WIDE] = [6, 8];

  it('has a block for each picture and video, and none for text', async () => {
    const { run, features } = opened;
    const expected = [
      [SYSTEM + START, TALL, BEHIND],
      [SYSTEM + START, TALL, `<|vision_end|>${START}`, WIDE, BEHIND],
      [SYSTEM + START, TALL, `<|vision_end|>${START}`, 2 * TALL, BEHIND],
      [SYSTEM + START, 2 * TALL, BEHIND],
      [`${SYSTEM}2 + 2?\n${ANSWER}${END}`],
    ];
    const shownOf = (example: Example) => features.shownOf(example as Parameters<FeatureStore['shownOf']>[0]);
    rows.forEach((example, index) => {
      const prompt = run.prompts.of(example).tokensOf(shownOf(example));
      expect([...prompt.ids], example.id).toEqual(idsOf(model, expected[index]!));
      expect(prompt.ids.length).toBeLessThanOrEqual(run.prompts.of(example).longest);
    });
    expect(shownOf(pictures)!.map(({ grid }) => grid)).toEqual([
      [1, 6, 4],
      [1, 4, 8],
    ]);
    const { positions, ids, video } = run.prompts.of(pictures).tokensOf(shownOf(pictures));
    const marked = [...ids];
    for (const { start, count } of video!) marked.fill(310, start, start + count);
    const grids = [
      [1, 6, 4],
      [1, 4, 8],
    ] as const;
    expect(positions).toEqual(mropePositions(marked, { placeholders: [310], grids, merge: 2 }));
    expect(video!.map(({ count }) => count)).toEqual([TALL, WIDE]);
    const one = await features.load(picture as Parameters<FeatureStore['load']>[0]);
    const two = await features.load(pictures as Parameters<FeatureStore['load']>[0]);
    expect(two.vision!.subarray(0, one.vision!.length)).toEqual(one.vision);
    expect(two.vision!.length).toBe((one.vision!.length * (TALL + WIDE)) / TALL);
  }, 120_000);

  it('trains on all kinds in one step', async () => {
    const { run } = opened;
    const { metrics } = await run.takeStep();
    expect(metrics.kl).toBeLessThan(1e-6);
    expect(metrics.grad_norm).toBeGreaterThan(0);
    expect((await run.takeStep()).metrics.kl).toBeGreaterThan(0);
  }, 120_000);

  it('has each picture where the text has its tag', () => {
    const text = 'Is <image> in <video>?';
    const prompt = model.text.promptOf({ ...parseConfig({}), words: { text } }, ['image', 'video']);
    const shown = [
      { grid: [1, 6, 4] as const, sliceSeconds: 1 },
      { grid: [2, 4, 8] as const, sliceSeconds: 1 },
    ];
    const { ids, video } = prompt.tokensOf(shown);
    const parts = [
      `${SYSTEM}Is ${START}`,
      TALL,
      `<|vision_end|> in ${START}`,
      2 * WIDE,
      `<|vision_end|>?${END}`,
    ];
    expect([...ids]).toEqual(idsOf(model, parts));
    expect(video!.map(({ count }) => count)).toEqual([TALL, 2 * WIDE]);
  });

  it('refuses sound without a video, by row', () => {
    const { data, refused } = fittingFor(model, dataOf([sound, both, picture]));
    expect(data.examples).toEqual([both, picture]);
    expect([...refused.values()][0]!.message).toBe(
      'a.wav: It plays sound without a video, and a Qwen2-VL hears nothing.',
    );
  });
});

describe('a language model', () => {
  it('takes the rows of text, and refuses the others by row', async () => {
    const model = await openText('qwen3-tiny');
    const question = ask('2 + 2?');
    const { data, refused } = fittingFor(model, dataOf([clip, question]));
    expect(data.examples).toEqual([question]);
    expect([...refused.values()][0]!.message).toContain('a language model, which sees and hears nothing');
    expect(() => demandFitting(model, fittingFor(model, dataOf([clip])))).toThrow('rows is a set of clips');
  });
});

describe('the key under which features are kept', () => {
  const keyOf = (media: readonly Medium[]): Promise<string> =>
    clipFingerprint({ media } as Parameters<typeof clipFingerprint>[0]);

  it('is that of the file for a whole video, and another for a part, for its sound, and for a picture', async () => {
    const keys = await Promise.all(
      [
        [medium('video', 'a.mp4')],
        [medium('video', 'a.mp4', { start: 1 })],
        [medium('video', 'a.mp4', { end: 1 })],
        [medium('video', 'a.mp4', { start: 1, end: 2 })],
        [medium('audio', 'a.mp4')],
        [medium('image', 'a.mp4')],
        [medium('video', 'a.mp4'), medium('audio', 'a.mp4')],
      ].map(keyOf),
    );
    expect(new Set(keys).size).toBe(keys.length);
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('a.mp4'));
    expect(keys[0]).toBe(Buffer.from(digest).toString('hex').slice(0, 32));
  });
});
