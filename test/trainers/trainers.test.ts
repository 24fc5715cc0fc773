/** Other people's libraries load what the studio exports, and their trainers go on from it: one Python process for everything, then `trl` itself. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distance, norm } from '../../src/cli/parity/quantity.ts';
import { trainersFolder, trainersPython } from '../../src/cli/setup/trainers.mjs';
import { mropePositions } from '../../src/decoder/mrope.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { safetensorsFile } from '../../src/io/tensors/safetensors-write.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import type { RewardBatch } from '../../src/rewards/contract.ts';
import { learningRateAt } from '../../src/rl/step.ts';
import { testGpu } from '../ops/harness.ts';
import { CASES, RUN, STEPS_DONE, writeCases } from './bundles.ts';
import { type Asked, MADE, writeMade } from './made.ts';
import { OWN_REWARDS, studioScores } from './own-rewards.ts';
import { SHOWN_STEPS, writeShownRun } from './shown-run.ts';
import { describeTwin, type FoundTwin, writeTwin } from './twin.ts';
import { writeFiles } from './write-files.ts';

interface Loaded {
  readonly missing: string[];
  readonly unexpected: string[];
  readonly warnings: string[];
  /** Largest differences of logits: of merged weights from base and adapter, of the adapted base from the bare one, and between two orders of loading. */
  readonly merged: number;
  readonly adapted: number;
}

interface Taken {
  readonly step: number;
  readonly rates: number[];
  readonly worst: number;
  readonly moments: number;
  readonly videos: string[];
  readonly steps: number[];
  readonly warnings: string[];
  readonly bf16: boolean;
  /** What was logged of each step. */
  readonly log: (Readonly<Record<string, number>> & { readonly step: number })[];
}

/** A row of TRL's table of completions: rewards by their names, and what they logged. */
interface LoggedAnswer {
  readonly step: number;
  readonly prompt: { readonly role: string; readonly content: string }[];
  readonly completion: readonly [{ readonly content: string }];
  readonly ids: number[];
  readonly right: string;
  readonly [reward: string]: unknown;
}

interface Found {
  readonly loaded: Record<string, Loaded>;
  readonly refusals: Record<string, string>;
  readonly yaml: Record<string, { wanted: unknown; taken: unknown }>;
  readonly targets: unknown;
  /** Largest differences of logits on text, between the text part and the whole model. */
  readonly textPart: number;
  readonly humanOmniTextPart: number;
  /** Steps taken by trl's own script. */
  readonly humanOmniStarted: number;
  readonly positions: { readonly perSecond: number; readonly positions: number[] };
  readonly resumed: Taken;
  readonly fromAdapter: Taken;
  readonly humanOmni: Taken;
  readonly text: Taken & { readonly answers: LoggedAnswer[] };
  readonly freshAnswers: LoggedAnswer[];
  readonly made: (Asked & { readonly differing: readonly string[] })[];
  readonly verl: unknown[][];
  readonly verlClips: string[];
  readonly shared: Record<string, unknown>;
  readonly twin: FoundTwin;
  /** A twin's first look at each clip beside the studio's, and what it says of other numbers. */
  readonly selfTest: { readonly ids: boolean; readonly tokens: number; readonly logps: number }[];
  readonly shown: Taken;
  readonly shownRefusals: Record<string, string>;
}

const MINUTES = 60_000;
/** Away from the hub and from any GPU; models as small as these gain nothing from threads. */
const environment = {
  ...process.env,
  PYTHONPATH: '',
  PYTHONDONTWRITEBYTECODE: '1',
  HF_HUB_OFFLINE: '1',
  OMP_NUM_THREADS: '1',
  CUDA_VISIBLE_DEVICES: '',
  NODE: process.execPath,
};
const QWEN2_VL = 1;
let root: string;
let found: Found;
let asked: readonly Asked[];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'studio-trainers-'));
  const moments = await writeCases(await testGpu(), root);
  asked = await writeMade(await testGpu(), root);
  await writeTwin(root, '0/handoff');
  await writeShownRun(await testGpu(), join(root, 'shown'));
  const tensors = [...moments].flatMap(([name, { first, second }]) =>
    Object.entries({ first, second }).map(([part, values]) => ({
      ...{ name: `${name}.${part}`, dtype: 'F32' as const, shape: [values.length] },
      bytes: async () => f32ToBytes('F32', Float32Array.from(values)),
    })),
  );
  await writeFiles(root, [safetensorsFile('moments.safetensors', tensors)]);
  writeFileSync(join(root, 'cases.json'), JSON.stringify(Object.keys(CASES)));
  const script = join(import.meta.dirname, 'check.py');
  const { status, stderr } = spawnSync(trainersPython(), [script], {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`check.py: ${stderr.slice(-6000)}`);
  found = JSON.parse(readFileSync(join(root, 'found.json'), 'utf8')) as Found;
}, 10 * MINUTES);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.each(Object.keys(CASES))('%s', (name) => {
  it('loads in transformers and PEFT without a missing or an unexpected name', () => {
    const { missing, unexpected, warnings } = found.loaded[name]!;
    expect({ missing, unexpected, warnings }).toEqual({ missing: [], unexpected: [], warnings: [] });
  });

  it('is the base with its adapter, merged or not, and the adapter does something', () => {
    const { merged, adapted } = found.loaded[name]!;
    expect(merged).toBeLessThan(1e-5);
    expect(adapted).toBeGreaterThan(1e-3);
  });
});

describe.each(Object.keys(MADE).map((name, index) => [name, index] as const))(
  'a checkpoint of make-checkpoint: %s',
  (_name, index) => {
    it('is read by transformers, every tensor of it, with the same prompt and the same logits', () => {
      const [ours, { ids, logits, differing }] = [asked[index]!, found.made[index]!];
      expect([differing, ids]).toEqual([[], ours.ids]);
      expect(ids.length).toBeGreaterThan(24);
      // Both in float32, on the same weights.
      expect(distance(ours.logits, logits) / norm(logits)).toBeLessThan(1e-4);
    });
  },
);

describeTwin(
  () => found.twin,
  () => root,
);

describe('resume.py', () => {
  const config = parseConfig({ ...RUN });
  /** The rates of the steps that are left, as the studio would have had them. */
  const expectRates = (rates: readonly number[]): void => {
    const due = rates.map((_, index) => learningRateAt(config, STEPS_DONE + index));
    expect(Math.max(...due.map((rate, index) => Math.abs(rate - rates[index]!)))).toBeLessThan(1e-12);
  };

  it('goes on where the run stopped: step, rate, every moment, and the clips that were due', () => {
    const { step, rates, worst, moments, videos, steps, warnings, bf16 } = found.resumed;
    expect(step).toBe(STEPS_DONE);
    expect(rates.length).toBe(config.steps - STEPS_DONE);
    expectRates(rates);
    expect(worst).toBe(0);
    expect(moments).toBe(2 * 3 * 3);
    expect(steps).toEqual([4, 5, 6, 7]);
    const next = readFileSync(join(root, String(QWEN2_VL), 'handoff/data/next.jsonl'), 'utf8');
    const due = next
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).video);
    expect(videos).toEqual(due);
    expect(warnings).toEqual([]);
    expect(bf16).toBe(false);
  });

  it('hands over the weights alone, with the rate and the steps that are left', () => {
    const { step, rates, steps, moments } = found.fromAdapter;
    expect([step, moments]).toEqual([0, 0]);
    expectRates(rates);
    expect(steps).toEqual([1, 2, 3, 4]);
  });

  it('goes on with the text part of a HumanOmni, for as many steps as it is told', () => {
    expect(found.humanOmni.step).toBe(STEPS_DONE);
    expect(found.humanOmni.steps).toEqual([4, 5]);
  });

  it('lets a HumanOmni see and hear: it is the model of the studio, and takes the steps that are left', () => {
    expect(found.selfTest.length).toBe(3);
    for (const { ids, tokens, logps } of found.selfTest) {
      expect(ids).toBe(true);
      expect(tokens).toBeLessThan(1e-3);
      expect(logps).toBeLessThan(1e-3);
    }
    expect(found.shown).toMatchObject({ step: SHOWN_STEPS, steps: [2, 3], warnings: [] });
    expect(found.shown.moments).toBeGreaterThan(0);
    const next = readFileSync(join(root, 'shown/handoff/data/next.jsonl'), 'utf8').trim().split('\n');
    expect(found.shown.videos).toEqual(next.map((line) => JSON.parse(line).video));
  });

  it("stops before it trains a HumanOmni that is not the studio's", () => {
    expect(found.shownRefusals).toEqual({
      logps: expect.stringMatching(
        /^Log-probabilities differ from the studio's by [\d.]+, expected at most 0\.01/,
      ),
      clips: expect.stringMatching(
        /^Media tokens differ from the studio's by [\d.]+% of their norm\. Check --clips/,
      ),
      prompt: expect.stringMatching(/^The prompt is not the studio's, token by token\./),
    });
  });

  it('goes on with a language model without being told that it sees nothing', () => {
    const steps = [STEPS_DONE + 1, STEPS_DONE + 2];
    expect(found.text).toMatchObject({ step: STEPS_DONE, steps, videos: [], warnings: [] });
  });

  it('stops before it does what was not meant', () => {
    expect(found.refusals).toEqual({
      blind: expect.stringMatching(
        /^TRL shows a model no video and no sound: .*--text-only if that is meant\.$/,
      ),
      'blind yaml': expect.stringMatching(
        /^trl grpo shows a model no video .*TEXT_ONLY=1 if that is meant\.$/,
      ),
      finished: expect.stringMatching(/^The run is finished: all of its 3 steps are taken\. Give --steps N/),
      'another base': expect.stringMatching(
        /^checkpoint-3 is no adapter of this base model: .*model\.language_model\.layers/,
      ),
      'no text part': expect.stringMatching(
        /^There is no folder text-part, .*base_model\.py --base PATH --text-part text-part writes it/,
      ),
      'no clips':
        "2 clips of train.jsonl are not in HERE, HERE/tall-a.mp4 among them. Set CLIPS to the data's folder.",
      processes: '6 answers a step cannot be shared by 4 processes: use a divisor of 6.',
    });
  });

  it('shares a step by whole groups where it can, else by answers', () => {
    expect(found.shared).toEqual({ 1: [3, 2], 2: [3, 1], 3: [2, 1], 6: [1, 1] });
  });
});

it("verl's rows have a video for each place of one, by its full path", () => {
  expect(found.verl.length).toBe(2);
  for (const [places, ...fields] of found.verl)
    expect([places, fields.sort()]).toEqual([1, ['fps', 'max_frames', 'max_pixels', 'min_frames', 'video']]);
  expect(found.verlClips).toEqual(['clips/tall-a.mp4', 'clips/wide-b.mp4']);
});

describe('grpo.yaml', () => {
  it('is taken by TRL key by key, as it was meant', () => {
    expect(Object.keys(found.yaml).length).toBeGreaterThan(25);
    for (const [key, { wanted, taken }] of Object.entries(found.yaml))
      expect([key, taken]).toEqual([key, wanted]);
    const pattern = new RegExp(`^${found.targets}$`);
    for (const decoder of ['model', 'model.language_model'])
      expect(pattern.test(`${decoder}.layers.0.self_attn.q_proj`)).toBe(true);
    expect(pattern.test('model.visual.layers.0.self_attn.q_proj')).toBe(false);
  });

  it('names a text part, which on text is the whole model', () => {
    expect(found.textPart).toBeLessThan(1e-6);
    expect(found.humanOmniTextPart).toBe(0);
  });

  it('starts in the script of TRL, on the text part of a HumanOmni', () => {
    expect(found.humanOmniStarted).toBe(1);
  });

  it(
    'starts by trl grpo, on the text part of a Qwen2-VL',
    () => {
      const trl = join(trainersFolder(), 'bin', 'trl');
      const args = ['grpo', '--config', 'grpo.yaml', '--max_steps', '1'];
      const cwd = join(root, String(QWEN2_VL), 'handoff');
      const env = { ...environment, TEXT_ONLY: '1' };
      const { status, stdout, stderr } = spawnSync(trainersPython(), [trl, ...args], {
        cwd,
        env,
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      });
      expect([status, `${stdout}${stderr}`.slice(-4000)]).toEqual([
        0,
        expect.stringContaining('Training completed'),
      ]);
    },
    5 * MINUTES,
  );
});

describe('rewards of a run, in TypeScript, in Python and of the studio', () => {
  const names = OWN_REWARDS.rewards!;
  const batchOf = (rows: readonly LoggedAnswer[], globalStep: number, maxSteps: number): RewardBatch => ({
    prompts: rows.map(({ prompt }) => prompt),
    completions: rows.map(({ completion: [{ content }] }) => content),
    completion_ids: rows.map(({ ids }) => ids),
    columns: { solution: rows.map(({ right }) => right) },
    labels: rows.map(({ right }) => right),
    trainer_state: {
      ...{ global_step: globalStep, max_steps: maxSteps, epoch: 0, num_input_tokens_seen: 0 },
      ...{ is_local_process_zero: true, is_world_process_zero: true },
    },
  });
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;

  it('are in TRL what they are in the studio, for the same answers of the same steps', async () => {
    const { answers, log, steps } = found.text;
    expect([answers.length, log.map(({ step }) => step)]).toEqual([12, steps]);
    for (const logged of log) {
      const rows = answers.filter(({ step }) => step === logged.step);
      const ours = await studioScores(batchOf(rows, logged.step - 1, STEPS_DONE + 2));
      // TRL keeps them in float32.
      const theirs = rows.map((row) => names.map((name) => row[name]));
      expect(theirs).toEqual(ours.values.map((row) => row.map((value) => value && Math.fround(value))));
      for (const [at, name] of names.entries()) {
        const given = ours.values.flatMap((row) => row[at] ?? []);
        expect(Math.abs(logged[`rewards/${name}/mean`]! - mean(given))).toBeLessThan(1e-6);
      }
      const weighed = ours.values.map((row) =>
        row.reduce<number>((sum, value, at) => sum + OWN_REWARDS.rewardWeights![at]! * (value ?? 0), 0),
      );
      expect(Math.abs(logged.reward! - mean(weighed))).toBeLessThan(1e-6);
      expect(logged.progress).toBe(Math.fround(ours.metrics.progress!));
    }
    // They say something: in answers and in what does not apply.
    const [typescript, python, builtIn] = names.map((name) => answers.map((row) => row[name]));
    expect(typescript!.filter((value) => value === null)).toHaveLength(4);
    expect(new Set(typescript).size).toBeGreaterThan(6);
    expect(new Set(python).size).toBeGreaterThan(1);
    expect(builtIn).not.toContain(null);
  });

  it('are found by trl grpo under their names, whatever Python calls by them', async () => {
    expect(found.freshAnswers).toHaveLength(6);
    const ours = await studioScores(batchOf(found.freshAnswers, 0, 1));
    const theirs = found.freshAnswers.map((row) => names.map((name) => row[name]));
    expect(theirs).toEqual(ours.values.map((row) => row.map((value) => value && Math.fround(value))));
  });
});

describe('this release of transformers', () => {
  it('goes on behind a video from the frame size, where the studio goes on from its highest position', () => {
    const { perSecond, positions } = found.positions;
    const ids = [7, ...Array<number>(12).fill(9), 7, 7, 7];
    const places = { placeholders: [9], grids: [[3, 4, 4] as const], timeSteps: [2 * perSecond], merge: 2 };
    const ours = [...mropePositions(ids, places).positions];
    const video = 3 * 13;
    expect(ours.slice(0, video)).toEqual(positions.slice(0, video));
    const last = 1 + 4 * perSecond;
    expect(ours.slice(video)).toEqual([1, 2, 3].flatMap((behind) => Array(3).fill(last + behind)));
    // Were this to fail, the README's Limits and the note in the bundle's README would have to be written anew.
    expect(positions.slice(video)).toEqual([3, 4, 5].flatMap((position) => Array(3).fill(position)));
  });
});
