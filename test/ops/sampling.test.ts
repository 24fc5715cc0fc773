import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Arena, type Gpu, PLAIN, Plan, Recorder, type Traits } from '../../src/gpu/index.ts';
import { uniform } from '../../src/math/random.ts';
import {
  filteredProbabilities,
  type SampledRow,
  Sampler,
  type SamplingSettings,
} from '../../src/ops/tokens/sampling.ts';
import { readGolden } from '../media/golden.ts';
import { numbers, testGpu } from './harness.ts';

const OFF: SamplingSettings = {
  repetitionPenalty: 1,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 1,
  step: 0,
};

/** One recorded step on fixed logits, to be run again and again. */
class Rig {
  readonly sampler: Sampler;
  readonly #gpu: Gpu;
  readonly #plan: Plan;

  private constructor(gpu: Gpu, sampler: Sampler, plan: Plan) {
    this.#gpu = gpu;
    this.sampler = sampler;
    this.#plan = plan;
  }

  static async create(
    logits: readonly number[][],
    capacity: number,
    endIds: readonly number[],
    traits: Traits = PLAIN,
  ): Promise<Rig> {
    const gpu = await testGpu();
    const [rows, vocab] = [logits.length, logits[0]!.length];
    const sampler = new Sampler(gpu, { rows, capacity, vocab, endIds });
    const input = gpu.upload('inputs', 'logits', [rows, vocab], Float32Array.from(logits.flat()));
    const recorder = new Recorder(traits);
    sampler.record(recorder, input);
    return new Rig(gpu, sampler, await Plan.create(gpu, 'sampling', recorder, new Arena(gpu, 'sampling')));
  }

  async sample(settings: SamplingSettings, steps: number): Promise<SampledRow[]> {
    this.sampler.begin(settings);
    for (let step = 0; step < steps; step++) await this.#plan.run();
    return this.sampler.read();
  }

  step(): Promise<void> {
    return this.#plan.run();
  }

  lastTokens(): Promise<Uint32Array> {
    return this.#gpu.readU32(this.sampler.tokens);
  }
}

const repeated = (row: number[], rows: number): number[][] => Array.from({ length: rows }, () => row);

function softmax(logits: readonly number[], temperature = 1): number[] {
  const largest = Math.max(...logits);
  const weights = logits.map((z) => Math.exp((z - largest) / temperature));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** The probabilities the GPU would draw from, for `previous` ids drawn before. */
async function probabilities(
  logits: readonly number[][],
  settings: SamplingSettings,
  previous: readonly number[][] = logits.map(() => []),
): Promise<Float32Array> {
  const gpu = await testGpu();
  const [rows, vocab] = [logits.length, logits[0]!.length];
  const capacity = Math.max(1, ...previous.map((ids) => ids.length)) + 2;
  const sampler = new Sampler(gpu, { rows, capacity, vocab, endIds: [0] });
  sampler.begin(settings);
  const padded = previous.flatMap((ids) => [...ids, ...Array<number>(capacity - ids.length).fill(1)]);
  gpu.write(sampler.state.history, Uint32Array.from(padded));
  gpu.write(
    sampler.state.lengths,
    Uint32Array.from(previous, (ids) => ids.length),
  );
  const input = gpu.upload('inputs', 'logits', [rows, vocab], Float32Array.from(logits.flat()));
  const recorder = new Recorder();
  const output = recorder.keep(filteredProbabilities(recorder, input, sampler.state));
  using arena = new Arena(gpu, 'probabilities');
  using plan = await Plan.create(gpu, 'probabilities', recorder, arena);
  await plan.run();
  const result = (await gpu.read(plan.output(output))).slice(0, rows * vocab);
  sampler[Symbol.dispose]();
  gpu.free(input);
  return result;
}

interface GoldenCase {
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly min_p?: number;
  readonly repetition_penalty?: number;
}

const folder = new URL('../golden/sampling/', import.meta.url).pathname;
const goldenCases = (JSON.parse(readFileSync(`${folder}case.json`, 'utf8')) as { cases: GoldenCase[] }).cases;
const golden = readGolden(`${folder}case.safetensors`);

const rowsOf = (name: string): number[][] => {
  const { shape, values } = golden(name);
  const cols = shape[1]!;
  return Array.from({ length: shape[0]! }, (_, row) => [...values.slice(row * cols, (row + 1) * cols)]);
};

describe('filteredProbabilities', () => {
  it.each(goldenCases.map((settings, index) => [index, settings] as const))(
    'agrees with transformers, case %i %o',
    async (index, settings) => {
      const actual = await probabilities(
        rowsOf('logits'),
        {
          ...OFF,
          temperature: settings.temperature ?? 1,
          topK: settings.top_k ?? 0,
          topP: settings.top_p ?? 1,
          minP: settings.min_p ?? 0,
          repetitionPenalty: settings.repetition_penalty ?? 1,
        },
        rowsOf('previous_ids'),
      );
      const expected = golden(`probabilities.${index}`).values;
      const largest = Math.max(...Array.from(expected, (p, i) => Math.abs(p - actual[i]!)));
      expect(largest).toBeLessThanOrEqual(1e-5);
      expect(Array.from(actual, (p) => p > 0)).toEqual(Array.from(expected, (p) => p > 0));
    },
  );

  it('keeps ties at the k-th score, and always one token', async () => {
    const tied = await probabilities([[1, 3, 2, 2, 0, -1]], { ...OFF, topK: 2 });
    expect(Array.from(tied, (p) => p > 0)).toEqual([false, true, true, true, false, false]);
    const one = await probabilities([[1, 3, 2, 2, 0, -1]], { ...OFF, topP: 1e-6, minP: 1 });
    expect([...one]).toEqual([0, 1, 0, 0, 0, 0]);
  });

  it('penalises an id once however often it was drawn', async () => {
    const logits = [[2, -1, 0.5, 1]];
    const actual = await probabilities(logits, { ...OFF, repetitionPenalty: 2 }, [[0, 1, 0, 0]]);
    const expected = softmax([1, -2, 0.5, 1]);
    for (const [i, p] of expected.entries()) expect(actual[i]).toBeCloseTo(p, 6);
  });

  it('finds the thresholds in a large vocabulary', async () => {
    const row = [...numbers(5003, 3, 8)];
    const actual = await probabilities([row, row.map((z) => -z)], { ...OFF, topK: 40 });
    for (const [at, logits] of [row, row.map((z) => -z)].entries()) {
      const cut = [...logits].sort((a, b) => b - a)[39]!;
      const kept = actual.slice(at * row.length, (at + 1) * row.length);
      expect(Array.from(kept, (p) => p > 0)).toEqual(logits.map((z) => z >= cut));
      expect(kept.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
  });
});

describe('Sampler', () => {
  it('draws the same whether values are asked for four at a time or eight', async () => {
    const logits = [1, 2, 3].map((seed) => [...numbers(20_003, seed, 4)]);
    const settings = { ...OFF, topK: 500, topP: 0.9, temperature: 0.7 };
    const [eight, four] = await Promise.all(
      [PLAIN, { ...PLAIN, isSoftware: true }].map(async (traits) => {
        const rig = await Rig.create(logits, 12, [0], traits);
        return [await rig.sample(settings, 6), await rig.sample(OFF, 6)];
      }),
    );
    expect(eight).toEqual(four);
    expect(new Set(eight!.flat().flatMap(({ ids }) => [...ids])).size).toBeGreaterThan(20);
  });

  it('draws the filtered distribution (chi-square of 10,000 draws)', async () => {
    const logits = [...numbers(23, 5, 2), -3];
    const rig = await Rig.create(repeated(logits, 1000), 10, [23]);
    const settings = { ...OFF, temperature: 0.8, minP: 0.1, seed: 7 };
    const expected = await probabilities([logits], settings);
    // An end id would stop its row: without it all rows draw ten times.
    expect(expected[23]).toBe(0);
    expect(Array.from(expected).filter((p) => p > 0).length).toBe(12);
    const counts = new Array<number>(24).fill(0);
    for (const { ids } of await rig.sample(settings, 10)) for (const id of ids) counts[id] = counts[id]! + 1;
    const kept = counts.map((count, id) => [count, 10_000 * expected[id]!] as const);
    expect(kept.every(([count, mean]) => mean > 0 || count === 0)).toBe(true);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(10_000);
    const chiSquare = kept
      .filter(([, mean]) => mean > 0)
      .reduce((sum, [count, mean]) => sum + (count - mean) ** 2 / mean, 0);
    // The 99.9 % quantile at 11 degrees of freedom.
    expect(chiSquare).toBeLessThan(31.26);
  });

  it('inverts the cumulative distribution at the number of stream (step, row, token)', async () => {
    const logits = [...numbers(1000, 8, 3)];
    const rig = await Rig.create(repeated(logits, 5), 6, [999]);
    const drawn = await rig.sample({ ...OFF, temperature: 1.5, seed: 11, step: 3, firstRow: 40 }, 6);
    const p = softmax(logits, 1.5);
    drawn.forEach(({ ids, logProbs }, row) => {
      expect(ids.length).toBe(6);
      ids.forEach((id, token) => {
        const point = uniform(11, 3, 40 + row, token);
        const below = p.slice(0, id).reduce((a, b) => a + b, 0);
        expect(point).toBeGreaterThan(below - 1e-5);
        expect(point).toBeLessThan(below + p[id]! + 1e-5);
        expect(logProbs[token]).toBeCloseTo(Math.log(p[id]!), 4);
      });
    });
  });

  it('same seed and step, same tokens; another step or seed, others', async () => {
    const rig = await Rig.create(repeated([...numbers(300, 2)], 4), 16, [299]);
    const ids = async (change: Partial<SamplingSettings>): Promise<string> =>
      (await rig.sample({ ...OFF, ...change }, 16)).map((row) => row.ids.join()).join(';');
    const first = await ids({ seed: 5, step: 2 });
    expect(await ids({ seed: 5, step: 2 })).toBe(first);
    expect(await ids({ seed: 5, step: 3 })).not.toBe(first);
    expect(await ids({ seed: 6, step: 2 })).not.toBe(first);
    expect(await ids({ seed: 5, step: 2, firstRow: 4 })).not.toBe(first);
  });

  it('is greedy at temperature 0, the lowest id first, with log-probabilities of the plain softmax', async () => {
    const logits = [
      [0, 2, 1, 2, -3],
      [-1, -2, -4, -5, -1.5],
    ];
    const rig = await Rig.create(logits, 3, [4]);
    const drawn = await rig.sample({ ...OFF, temperature: 0, topK: 2, topP: 0.5, minP: 0.3 }, 2);
    expect(drawn.map(({ ids }) => [...ids])).toEqual([
      [1, 1],
      [0, 0],
    ]);
    expect(drawn[0]!.logProbs[0]).toBeCloseTo(Math.log(softmax(logits[0]!)[1]!), 5);
    expect(drawn[1]!.logProbs[1]).toBeCloseTo(Math.log(softmax(logits[1]!)[0]!), 5);
  });

  it('log-probabilities leave penalty and filters out', async () => {
    const logits = [[3, 2.5, 1, 0]];
    const rig = await Rig.create(logits, 4, [3]);
    const settings = { ...OFF, temperature: 0, repetitionPenalty: 1.5 };
    const [row] = await rig.sample(settings, 2);
    expect([...row!.ids]).toEqual([0, 1]);
    const p = softmax(logits[0]!);
    expect(row!.logProbs[0]).toBeCloseTo(Math.log(p[0]!), 5);
    expect(row!.logProbs[1]).toBeCloseTo(Math.log(p[1]!), 5);
    const warm = await Rig.create(logits, 4, [3]);
    const [filtered] = await warm.sample({ ...OFF, temperature: 2, topK: 1 }, 1);
    expect(filtered!.logProbs[0]).toBeCloseTo(Math.log(softmax(logits[0]!, 2)[0]!), 5);
  });

  it('a row ends at any end id, keeps it, and takes nothing after; the others go on to their capacity', async () => {
    const logits = [
      [9, 0, 0, 0],
      [0, 9, 0, 0],
      [0, 0, 9, 0],
    ];
    const rig = await Rig.create(logits, 3, [1, 2]);
    const settings = { ...OFF, temperature: 0 };
    const early = await rig.sample(settings, 2);
    expect(early.map(({ ids, ended }) => [[...ids], ended])).toEqual([
      [[0, 0], false],
      [[1], true],
      [[2], true],
    ]);
    expect([...(await rig.lastTokens())]).toEqual([0, 1, 1]);
    expect(await rig.sampler.resting()).toEqual([false, true, true]);
    const late = await rig.sample(settings, 5);
    expect(late.map(({ ids }) => ids.length)).toEqual([3, 1, 1]);
    expect(late.every(({ ids, logProbs }) => ids.length === logProbs.length)).toBe(true);
  });

  it('cuts a row at the limit, which is no end', async () => {
    const rig = await Rig.create(repeated([5, 0], 2), 4, [1]);
    rig.sampler.begin({ ...OFF, temperature: 0 }, 2);
    for (let step = 0; step < 3; step++) await rig.step();
    expect(await rig.sampler.resting()).toEqual([true, true]);
    const rows = await rig.sampler.read();
    expect(rows.map(({ ids, ended }) => [[...ids], ended])).toEqual(Array(2).fill([[0, 0], false]));
  });

  it('starts one row anew beside others, and a parked row draws nothing', async () => {
    const logits = repeated([...numbers(300, 2)], 3);
    const rig = await Rig.create(logits, 8, [299]);
    const [, , straight] = await rig.sample({ ...OFF, seed: 5, step: 2 }, 4);
    rig.sampler.begin({ ...OFF, seed: 5, step: 2 });
    rig.sampler.park();
    rig.sampler.start(0, { token: 7, stream: 40 });
    expect((await rig.lastTokens())[0]).toBe(7);
    await rig.step();
    rig.sampler.start(1, { token: 7, stream: 2 });
    for (let step = 0; step < 4; step++) await rig.step();
    const [first, second, parked] = await rig.sampler.read();
    expect(first!.ids.length).toBe(5);
    expect(second).toEqual(straight);
    expect(parked!.ids.length).toBe(0);
  });

  it('refuses to be without an end id, and logits of another vocabulary', async () => {
    const gpu = await testGpu();
    expect(() => new Sampler(gpu, { rows: 1, capacity: 1, vocab: 4, endIds: [] })).toThrow(/at least one/);
    expect(() => new Sampler(gpu, { rows: 1, capacity: 1, vocab: 4, endIds: [4] })).toThrow(/below 4/);
    const sampler = new Sampler(gpu, { rows: 1, capacity: 1, vocab: 4, endIds: [3] });
    expect(() => sampler.record(new Recorder(), sampler.state.history)).toThrow(/expected \[1, 4\]/);
    sampler[Symbol.dispose]();
  });
});
