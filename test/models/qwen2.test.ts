import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DecoderCache } from '../../src/decoder/cache.ts';
import { DecodeAdapters } from '../../src/decoder/decode-adapters.ts';
import { decode, type RowTensors } from '../../src/decoder/qwen2.ts';
import { decodeStep, plainDecodeStep } from '../../src/decoder/qwen2-decode.ts';
import { layoutGroups, type PackedRows, packRows } from '../../src/decoder/rows.ts';
import { Arena, type Gpu, Plan, Tape, type Tensor } from '../../src/gpu/index.ts';
import { reachableProgram } from '../../src/gpu/reachable.ts';
import { advanceRows } from '../../src/ops/decode/decode-attention.ts';
import type { DecodeVariant } from '../../src/ops/decode/gemv.ts';
import { embedding } from '../../src/ops/tokens/gather-rows.ts';
import { headLogits } from '../../src/ops/tokens/head.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import { BY_THREADS, numbers, relativeError, runOnce, sharingVariants, testGpu } from '../ops/harness.ts';
import { LORA, stirAdapters, tinyPolicy, toyCompletion, VOCABULARY, WIDTH } from '../reference/omni-tiny.ts';

let gpu: Gpu;
let policy: Policy;
beforeAll(async () => {
  gpu = await testGpu();
  policy = await tinyPolicy(gpu, { lora: LORA });
  stirAdapters(policy);
});
afterAll(() => policy[Symbol.dispose]());

function uploadRows(rows: PackedRows): RowTensors {
  const upload = (label: string, data: Uint32Array, shape: number[]) =>
    gpu.upload('inputs', label, shape, data, 'u32');
  return {
    positions: upload('positions', rows.positions, [rows.capacity]),
    spans: upload('spans', rows.spans, [rows.capacity, 4]),
    keySpans: upload('key spans', rows.keySpans, [rows.capacity, 2]),
  };
}

const ids = (values: ArrayLike<number>): Tensor =>
  gpu.upload('inputs', 'ids', [values.length], Uint32Array.from(values), 'u32');

/** Logits [n, vocabulary] of one sequence in one forward pass. */
async function fullForward(sequence: ArrayLike<number>, checkpoint = false): Promise<Float32Array> {
  const rows = uploadRows(
    packRows(layoutGroups([{ promptLength: sequence.length, completionLengths: [] }]), sequence.length),
  );
  const { decoder } = policy.current;
  const [logits] = await runOnce(gpu, 'full forward', (tape) => {
    const x = embedding(tape, decoder.embedTokens, ids(sequence));
    return [
      headLogits(tape.recorder, decode(tape, decoder, x, rows, { adapters: true, checkpoint }), decoder.head),
    ];
  });
  return logits!;
}

const PROMPT = toyCompletion(1, 11);
const ANSWERS = [toyCompletion(2, 6), toyCompletion(3, 6), toyCompletion(4, 6)];

/** Logits of the last prompt token and of every answer token, [step][row · vocabulary], with a KV cache. */
async function cachedForward(
  capacity: number,
  variant: DecodeVariant | 'plain',
  decodeAdapters?: DecodeAdapters,
): Promise<Float32Array<ArrayBufferLike>[]> {
  const [n, G, steps] = [PROMPT.length, ANSWERS.length, ANSWERS[0]!.length];
  const { decoder } = policy.current;
  using cache = new DecoderCache(gpu, decoder.config, capacity);
  using arena = new Arena(gpu, 'cached');
  const prefill = new Tape();
  const promptRows = uploadRows(packRows(layoutGroups([{ promptLength: n, completionLengths: [] }]), n));
  const slots = ids(Array.from({ length: n }, (_, i) => i));
  const x = embedding(prefill, decoder.embedTokens, ids(PROMPT));
  const hidden = decode(prefill, decoder, x, promptRows, {
    adapters: true,
    takeKeyValues: cache.fill(prefill, slots),
  });
  const prompt = prefill.recorder.keep(headLogits(prefill.recorder, hidden, decoder.head));
  const step = new Tape();
  const starts = ANSWERS.map((_, g) => n + g * steps);
  const rows = uploadRows({
    capacity: G,
    length: G,
    positions: new Uint32Array(G).fill(n),
    axes: 1,
    spans: Uint32Array.from(starts.flatMap((start) => [0, n, start, start + 1])),
    keySpans: new Uint32Array(2 * G),
  });
  const tokens = ids(new Uint32Array(G));
  const next = embedding(step, decoder.embedTokens, tokens);
  const how = { rows, cache, adapters: true };
  const answer = step.recorder.keep(
    variant === 'plain'
      ? plainDecodeStep(step.recorder, decoder, next, how)
      : decodeStep(step.recorder, decoder, next, { ...how, decodeAdapters, variant }),
  );
  advanceRows(step.recorder, rows, ids(new Uint32Array(G)));
  using prefillPlan = await Plan.create(gpu, 'prefill', prefill.recorder, arena);
  using stepPlan = await Plan.create(gpu, 'step', step.recorder, arena);
  await prefillPlan.run();
  const all: Float32Array[] = [(await gpu.read(prefillPlan.output(prompt))).slice(-VOCABULARY)];
  for (let t = 0; t < steps; t++) {
    gpu.write(
      tokens,
      Uint32Array.from(ANSWERS, (one) => one[t]!),
    );
    await stepPlan.run();
    all.push(await gpu.read(stepPlan.output(answer)));
  }
  return all;
}

/** Decodes several rows on one prompt, and compares their logits with those of whole sequences. */
async function checkDecoding(variant: DecodeVariant | 'plain', near: boolean): Promise<void> {
  using adapters = new DecodeAdapters(gpu, policy.current.decoder);
  const layers = policy.current.decoder.layers.map((_, index) => adapters.layer(index));
  expect(layers.every((layer) => layer?.q && layer.o)).toBe(true);
  const cached = await cachedForward(PROMPT.length + 18 + 13, variant, near ? adapters : undefined);
  for (const [g, answer] of ANSWERS.entries()) {
    const full = await fullForward([...PROMPT, ...answer]);
    const row = (i: number) => full.subarray(i * VOCABULARY, (i + 1) * VOCABULARY);
    const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
      Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
    expect(largest(cached[0]!, row(PROMPT.length - 1))).toBeLessThan(1e-4);
    answer.forEach((_, t) => {
      const found = cached[t + 1]!.subarray(g * VOCABULARY, (g + 1) * VOCABULARY);
      expect(largest(found, row(PROMPT.length + t)), `row ${g}, token ${t}`).toBeLessThan(1e-4);
    });
  }
}

describe('the decoder', () => {
  it.each([
    ['alone', true],
    ['alone', false],
    ['together', true],
    ['together', false],
  ])(
    'decodes with a cache to the logits of the full forward, several rows on one prompt: lanes %s, adapters in attention: %s',
    async (way, near) => {
      for (const variant of way === 'alone' ? [BY_THREADS] : sharingVariants(gpu))
        await checkDecoding(variant, near);
    },
  );

  it('decodes so by the ops of a forward, too, which serve extents that the fused kernels do not take', () =>
    checkDecoding('plain', false));

  it('is causal: a later token changes nothing before it', async () => {
    const sequence = [...PROMPT];
    const before = await fullForward(sequence);
    const at = 7;
    sequence[at] = (sequence[at]! + 1) % VOCABULARY;
    const after = await fullForward(sequence);
    expect(after.subarray(0, at * VOCABULARY)).toEqual(before.subarray(0, at * VOCABULARY));
    expect(relativeError(after.subarray(at * VOCABULARY), before.subarray(at * VOCABULARY))).toBeGreaterThan(
      1e-3,
    );
  });

  it('sees order: the same tokens elsewhere give other logits', async () => {
    const before = await fullForward(PROMPT);
    const [first, second, ...rest] = PROMPT;
    const after = await fullForward([second!, first!, ...rest]);
    expect(relativeError(after.slice(-VOCABULARY), before.slice(-VOCABULARY))).toBeGreaterThan(1e-4);
  });

  it('gives the same forward with checkpointed layers', async () => {
    expect(await fullForward(PROMPT, true)).toEqual(await fullForward(PROMPT, false));
  });

  it('gives the same bits where no gradient is asked for, with fewer dispatches', async () => {
    const { decoder } = policy.current;
    const rows = uploadRows(
      packRows(layoutGroups([{ promptLength: 11, completionLengths: [5, 3] }]), 11 + 5 + 3),
    );
    const x = gpu.upload('inputs', 'x', [19, WIDTH], numbers(19 * WIDTH, 7));
    const counts: number[] = [];
    const forward = async (withGradient: boolean): Promise<Float32Array> => {
      const [hidden] = await runOnce(gpu, 'hidden', (tape) => {
        const record = (): Tensor => decode(tape, decoder, x, rows, { adapters: false });
        const last = withGradient ? record() : tape.constant(record);
        tape.recorder.keep(last);
        counts.push(reachableProgram(tape.recorder).dispatches.length);
        return [last];
      });
      return hidden!;
    };
    expect(await forward(false)).toEqual(await forward(true));
    const { layers } = decoder.config;
    const plain = 11 * layers + 1;
    expect(counts).toEqual([plain, plain + layers]);
  });
});
