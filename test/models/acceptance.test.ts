/** What any implementation of HumanOmni must do, whatever its weights: properties of towers, projector, gate and splice. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../src/decoder/qwen2.ts';
import { layoutGroups, packRows } from '../../src/decoder/rows.ts';
import { WeightLoader, type Weights } from '../../src/decoder/weights.ts';
import {
  audioTokens,
  openAudioProjector,
  poolPositions,
} from '../../src/families/humanomni/audio-projector.ts';
import { bertFirstRows, uploadBertTokens } from '../../src/families/humanomni/bert.ts';
import { humanOmniConfig } from '../../src/families/humanomni/index.ts';
import {
  type HumanOmniConfig,
  mediaTokenCounts,
  mediaTokens,
  openGateEncoder,
  openTowers,
} from '../../src/families/humanomni/parts.ts';
import { openProjector, parseProjectorConfig, videoTokens } from '../../src/families/humanomni/projector.ts';
import {
  inferSiglipConfig,
  openSiglip,
  parseSiglipConfig,
  patchGrid,
  siglipFeatures,
} from '../../src/families/humanomni/siglip.ts';
import { inferWhisperConfig, openWhisper, whisperFeatures } from '../../src/families/humanomni/whisper.ts';
import { weightSources } from '../../src/families/index.ts';
import { applyLinear, freeSegments, uploadSegments } from '../../src/families/shared/encoder-layer.ts';
import { reshape, Tape, type Tensor } from '../../src/gpu/index.ts';
import type { TensorSource } from '../../src/io/tensors/safetensors.ts';
import { gelu } from '../../src/ops/elementwise.ts';
import { embedding } from '../../src/ops/tokens/gather-rows.ts';
import { headLogits } from '../../src/ops/tokens/head.ts';
import { spliceRows } from '../../src/ops/tokens/splice-rows.ts';
import { halveMaps } from '../../src/ops/vision/pool.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import { numbers, relativeError } from '../ops/harness.ts';
import { casePrompt, tinyPolicy, VOCABULARY, WIDTH } from '../reference/omni-tiny.ts';
import { golden, observed, openTiny, type Recorded, recorded, type Tiny, uploadGolden } from './tiny.ts';

let tiny: Tiny;
let policy: Policy;
beforeAll(async () => {
  tiny = await openTiny();
  policy = await tinyPolicy(tiny.gpu, {});
});
afterAll(() => {
  policy[Symbol.dispose]();
  tiny.loader[Symbol.dispose]();
});

const { tensors } = JSON.parse(readFileSync('test/golden/humanomni-0.5b-tensors.json', 'utf8')) as {
  tensors: Record<string, number[]>;
};
/** Configs of the published 0.5B model, and weights that have a shape and no values. */
const shapes = { has: (name: string) => name in tensors, shapeOf: (name: string) => tensors[name]! };
const main = {
  hidden_size: 896,
  mm_hidden_size: 768,
  mm_projector_type: 'all_in_one_small',
  mm_audio_projector_type: 'mlp2x_gelu',
};
const shapeOnly: Weights = (name, shape): Tensor => {
  expect(tensors[name], name).toEqual(shape);
  return { label: name, shape, dtype: 'f32', storage: { kind: 'planned', id: -1 } };
};

describe('1 the published file', () => {
  it('has 1,373,177,925 parameters, the tied matrix counted once', () => {
    const unique = Object.entries(tensors).filter(([name]) => name !== 'lm_head.weight');
    expect(unique.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(1_373_177_925);
  });
});

/** The same file with the values of the tensors that match turned negative. */
function negated(source: TensorSource, pattern: RegExp): TensorSource {
  return {
    ...source,
    async *pieces(name, pieceBytes) {
      for await (const piece of source.pieces(name, pieceBytes)) {
        const bytes = piece.bytes.slice();
        for (let sign = 3; pattern.test(name) && sign < bytes.length; sign += 4) bytes[sign]! ^= 0x80;
        yield { ...piece, bytes };
      }
    },
  };
}

describe('4 towers', () => {
  /** Features of the toy tower with some of its weights negated. */
  async function features(pattern: RegExp): Promise<Float32Array> {
    const { gpu, files } = tiny;
    const sources = weightSources(files).map(({ source, aliases }) => ({
      source: negated(source, pattern),
      aliases,
    }));
    using loader = new WeightLoader(gpu, sources);
    const config = parseSiglipConfig(files.towers.vision!.config);
    const model = openSiglip(loader.open, config, -2);
    await loader.load();
    const segments = uploadSegments(gpu, 'vision', 8, patchGrid(config) ** 2);
    const pixels = uploadGolden(gpu, 'pixel_values');
    const seen = await observed(gpu, (tape, observe) => {
      siglipFeatures(tape, model, pixels, segments, observe);
    });
    freeSegments(gpu, segments);
    gpu.free(pixels);
    return seen.get('vision_hidden')!;
  }

  it('SigLIP: the feature is the output of the last block but one, without the final norm', async () => {
    const blocks = parseSiglipConfig(tiny.files.towers.vision!.config).layers;
    const published = await features(/^$/);
    const last = new RegExp(`encoder\\.layers\\.${blocks - 1}\\.|post_layernorm|head\\.`);
    expect(await features(last)).toEqual(published);
    const before = await features(new RegExp(`encoder\\.layers\\.${blocks - 2}\\.mlp`));
    expect(relativeError(before, published)).toBeGreaterThan(0.01);
  });

  it('Whisper: 3000 columns become 1500 states and 500 tokens', () => {
    const config = inferWhisperConfig(shapes);
    const segments = uploadSegments(tiny.gpu, 'audio', 1, config.positions);
    const mel = tiny.gpu.tensor('inputs', 'log-mel', [128, 3000]);
    const tape = new Tape();
    const hidden = whisperFeatures(tape, openWhisper(shapeOnly, config), mel, segments);
    const projector = openAudioProjector(shapeOnly, { inputs: 1280, width: 896, depth: 2 });
    expect(hidden.shape).toEqual([1500, 1280]);
    expect(audioTokens(tape, projector, poolPositions(tape, hidden)).shape).toEqual([500, 896]);
    freeSegments(tiny.gpu, segments);
    tiny.gpu.free(mel);
  });
});

const FRAMES = 8;
const PATCHES = 16;
const INPUTS = 48;
/** Features of eight frames of 4 x 4 patches; frame t is `picture(t)`. */
const featuresOf = (picture: (t: number) => Float32Array): Float32Array =>
  Float32Array.from(Array.from({ length: FRAMES }, (_, t) => [...picture(t)]).flat());
const drawn = (t: number): Float32Array => numbers(PATCHES * INPUTS, 70 + t);

describe('projector', () => {
  let features: Tensor;
  let pass: Recorded;
  beforeAll(async () => {
    const { gpu, files, loader } = tiny;
    const projector = openProjector(loader.open, parseProjectorConfig(files.main.config, 32));
    await loader.load();
    features = gpu.tensor('inputs', 'features', [FRAMES * PATCHES, INPUTS]);
    const third = gpu.upload('inputs', 'probabilities', [3], new Float32Array(3).fill(1 / 3));
    pass = await recorded(gpu, (tape, observe) => {
      videoTokens(tape, projector, features, FRAMES, third, observe);
      const { first, second } = projector.face;
      const inner = gelu(tape, applyLinear(tape, features, first), 'erf');
      const pooled = halveMaps(tape, reshape(inner, [FRAMES, 4, 4, inner.shape[1]!]));
      observe('pooled first', applyLinear(tape, reshape(pooled, [FRAMES * 4, inner.shape[1]!]), second));
    });
  });
  afterAll(() => pass[Symbol.dispose]());

  function branches(values: Float32Array): Promise<Map<string, Float32Array>> {
    tiny.gpu.write(features, values);
    return pass.run();
  }

  /** The rows of frame t in tokens of a branch. */
  const frame = (tokens: Float32Array, t: number): Float32Array => {
    const size = tokens.length / FRAMES;
    return tokens.slice(t * size, (t + 1) * size);
  };

  it.each(['proj_video', 'proj_body'])('5 %s couples a frame with the one before it', async (name) => {
    const forward = (await branches(featuresOf(drawn))).get(name)!;
    const backward = (await branches(featuresOf((t) => drawn(FRAMES - 1 - t)))).get(name)!;
    for (let t = 0; t < FRAMES; t++)
      expect(relativeError(frame(backward, FRAMES - 1 - t), frame(forward, t))).toBeGreaterThan(0.01);
    const still = (await branches(featuresOf(() => drawn(0)))).get(name)!;
    for (let t = 2; t < FRAMES; t++) expect(frame(still, t)).toEqual(frame(still, 1));
    expect(relativeError(frame(still, 0), frame(still, 1))).toBeGreaterThan(0.01);
  });

  it('5 a frame reaches its own tokens and those of the next, no others', async () => {
    const before = (await branches(featuresOf(drawn))).get('proj_video')!;
    const after = (await branches(featuresOf((t) => drawn(t === 3 ? 99 : t)))).get('proj_video')!;
    const changed = Array.from(
      { length: FRAMES },
      (_, t) => relativeError(frame(after, t), frame(before, t)) > 0,
    );
    expect(changed).toEqual([false, false, false, true, true, false, false, false]);
  });

  it('6 the face branch may pool before its last layer or after it', async () => {
    const seen = await branches(featuresOf(drawn));
    expect(relativeError(seen.get('pooled first')!, seen.get('face_pooled')!)).toBeLessThan(1e-6);
  });
});

/** Values of one pass over the toy's whole chain, from what the towers and the gate are given to all logits. */
interface Given {
  readonly pixels: Float32Array;
  readonly mel: Float32Array;
  readonly question: readonly number[];
}

const given: Given = {
  pixels: Float32Array.from(golden('pixel_values').values),
  mel: Float32Array.from(golden('input_features').values),
  question: Array.from(golden('bert_ids').values),
};

interface Chain {
  run(values: Given): Promise<Map<string, Float32Array>>;
  [Symbol.dispose](): void;
}

async function recordChain(): Promise<Chain> {
  const { gpu, files, current } = policy;
  const config = humanOmniConfig(policy.config);
  const loader = new WeightLoader(gpu, weightSources(files));
  const towers = openTowers(loader.open, config);
  const bert = openGateEncoder(loader.open, config);
  await loader.load();
  const prompt = casePrompt(policy);
  const n = prompt.ids.length;
  const packed = packRows(layoutGroups([{ promptLength: n, completionLengths: [] }]), n);
  const whole = (label: string, data: Uint32Array, shape: number[]) =>
    gpu.upload('inputs', label, shape, data, 'u32');
  const places = ({ start, count }: { start: number; count: number }, label: string) =>
    whole(
      label,
      Uint32Array.from({ length: count }, (_, i) => start + i),
      [count],
    );
  const rows = {
    positions: whole('positions', packed.positions, [n]),
    spans: whole('spans', packed.spans, [n, 4]),
    keySpans: whole('key spans', packed.keySpans, [n, 2]),
  };
  const pictures = uploadSegments(gpu, 'vision', FRAMES, patchGrid(config.vision) ** 2);
  const sound = uploadSegments(gpu, 'audio', 1, towers.audio!.config.positions);
  const pixels = uploadGolden(gpu, 'pixel_values');
  const mel = uploadGolden(gpu, 'input_features');
  const question = uploadBertTokens(gpu, [given.question]);
  const pass = await recorded(gpu, (tape, observe) => {
    const features = {
      vision: siglipFeatures(tape, towers.vision, pixels, pictures),
      audio: poolPositions(tape, whisperFeatures(tape, towers.audio!, mel, sound)),
      question: bertFirstRows(tape, bert, question),
    };
    const { video, audio } = mediaTokens(tape, current.media!, features, FRAMES, observe);
    let x = embedding(tape, current.decoder.embedTokens, whole('ids', prompt.ids, [n]));
    x = spliceRows(tape, x, video!, places(prompt.video![0]!, 'video places'));
    x = spliceRows(tape, x, audio!, places(prompt.audio![0]!, 'audio places'));
    const hidden = decode(tape, current.decoder, x, rows, { adapters: false });
    observe('logits', headLogits(tape.recorder, hidden, current.decoder.head));
  });
  return {
    run(values) {
      gpu.write(pixels, values.pixels);
      gpu.write(mel, values.mel);
      gpu.write(question.ids, Uint32Array.from(values.question));
      return pass.run();
    },
    [Symbol.dispose]() {
      pass[Symbol.dispose]();
      loader[Symbol.dispose]();
    },
  };
}

describe('gate and splice, over the whole chain', () => {
  let chain: Chain;
  let before: Map<string, Float32Array>;
  beforeAll(async () => {
    chain = await recordChain();
    before = await chain.run(given);
  });
  afterAll(() => chain[Symbol.dispose]());

  const disturbed = (values: Float32Array) => values.map((value, i) => value + 0.1 * Math.sin(i));
  /** The first position whose logits differ. */
  const firstChange = (after: Map<string, Float32Array>): number => {
    const [a, b] = [before.get('logits')!, after.get('logits')!];
    return Math.floor(a.findIndex((value, i) => value !== b[i]) / VOCABULARY);
  };

  it('7 the branches are weighed by numbers that add up to one, the same for all tokens', () => {
    const weights = before.get('branch_probs')!;
    expect(weights.length).toBe(3);
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    const parts = ['proj_video', 'proj_body', 'face_pooled'].map((name) => before.get(name)!);
    const mixed = parts[0]!.map((_, i) => parts.reduce((sum, part, k) => sum + weights[k]! * part[i]!, 0));
    const tokens = before.get('video_tokens')!;
    expect(tokens.length).toBe(FRAMES * 4 * WIDTH);
    expect(relativeError(tokens, mixed)).toBeLessThan(1e-6);
  });

  it('7 the weights depend on the text and on nothing else', async () => {
    const { pixels, mel, question } = given;
    const other = await chain.run({ pixels: disturbed(pixels), mel: disturbed(mel), question });
    expect(other.get('branch_probs')).toEqual(before.get('branch_probs'));
    const asked = await chain.run({ ...given, question: question.with(1, 9).with(2, 11) });
    expect(relativeError(asked.get('branch_probs')!, before.get('branch_probs')!)).toBeGreaterThan(1e-4);
  });

  it('8 what is heard changes logits from the first audio position on', async () => {
    const after = await chain.run({ ...given, mel: disturbed(given.mel) });
    expect(firstChange(after)).toBe(casePrompt(policy).audio![0]!.start);
  });

  it('8 what is seen changes logits from the first video position on', async () => {
    const after = await chain.run({ ...given, pixels: disturbed(given.pixels) });
    expect(firstChange(after)).toBe(casePrompt(policy).video![0]!.start);
  });

  it('8 a later frame changes logits from its own tokens on', async () => {
    const size = given.pixels.length / FRAMES;
    const pixels = given.pixels.map((value, i) => (i < 5 * size ? value : -value));
    expect(firstChange(await chain.run({ ...given, pixels }))).toBe(
      casePrompt(policy).video![0]!.start + 5 * 4,
    );
  });

  it('8 the published 0.5B model has 392 video and 500 audio tokens', () => {
    const config = {
      frames: 8,
      vision: inferSiglipConfig(shapes),
      audio: inferWhisperConfig(shapes),
      projector: parseProjectorConfig(main, 768),
    } as HumanOmniConfig;
    expect(mediaTokenCounts(config)).toEqual({ video: 392, audio: 500 });
  });
});
