/** The command `train` to its end on a model of each family: what it leaves in a folder, and how it goes on from its best checkpoint. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../../src/cli/setup/paths.mjs';
import { writeTree } from '../reference/layouts.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { runCommand } from './command.ts';
import { type Folder, makeFolder, smallDataset } from './folders.ts';

const MINUTES = 60_000;
const SETTINGS = {
  ...{ steps: 2, promptsPerStep: 2, groupSize: 2, maxCompletionLength: 6, loraRank: 2, entropyCoef: 0.1 },
  ...{ evalEvery: 1, checkpointEvery: 1, learningRate: 0.01, warmupSteps: 0 },
  // The usual request takes most of a prompt, where every letter is a token.
  instruction: 'Answer.',
};
const flags = (settings: typeof SETTINGS) =>
  Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]);
/** Of the bundle, what other trainers start from. */
const BUNDLE = ['README.md', 'grpo.yaml', 'resume.py', 'base_model.py', 'rewards.py', 'manifest.json'];
const LAUNCHERS = ['r1omni/launch.py', 'verl/run.sh', 'data/next.jsonl'];

interface Line {
  readonly type: string;
  readonly step?: number;
  readonly loss?: number;
  readonly grad_norm?: number;
  readonly steps?: number;
  readonly eval?: Record<string, unknown> | null;
  readonly files?: string[];
}

interface RolloutLine {
  readonly text: string;
  readonly rewards: Record<string, number>;
  readonly extras: Record<string, unknown>;
}

/** Rewards of one's own, by their files. */
const OWN_REWARDS = {
  'size.ts': `type Given = { completions: { content: string }[][]; log_extra(name: string, values: unknown[]): void };
export default ({ completions, log_extra }: Given): number[] => {
  log_extra('first', completions.map(([{ content }]) => content.slice(0, 1)));
  return completions.map(([{ content }]) => content.length / 8);
};`,
  'more.py': `def unused(completions, **kwargs):
    raise ValueError

async def ends(completions, log_metric, **kwargs):
    log_metric("seen", len(completions))
    return [0.25 for _ in completions]
`,
};

interface Ended {
  readonly code: number | null;
  readonly said: string;
  readonly steps: readonly Line[];
  readonly summary: Line;
  /** Paths below the folder that was written to. */
  readonly files: readonly string[];
}

async function train(out: Folder, ...args: readonly string[]): Promise<Ended> {
  const { code, printed, said } = await runCommand('train', '--out', out.path, ...args);
  const text = printed.trim();
  const lines = text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Line);
  const summary = lines.find(({ type }) => type === 'summary') ?? { type: 'none' };
  const files = (summary.files ?? []).map((path) => relative(out.path, path));
  const steps = lines.filter(({ type }) => type === 'step');
  return { code, said, steps, summary, files };
}

/** Every file that the bundle's manifest names, against its hash there; returns their paths. */
function bundleFiles(out: Folder): string[] {
  const read = (path: string) => readFileSync(join(out.path, 'handoff', path));
  const { files } = JSON.parse(read('manifest.json').toString()) as {
    files: { path: string; sha256: string }[];
  };
  for (const { path, sha256 } of files)
    expect(createHash('sha256').update(read(path)).digest('hex'), path).toBe(sha256);
  return [...files.map(({ path }) => path), 'manifest.json'];
}

const qwen = mkdtempSync(join(tmpdir(), 'tiny-qwen2-vl-'));
let data: Folder;
let seen: Folder;
let heard: Folder;
let rewards: Folder;
beforeAll(async () => {
  await writeTree(await qwen2VlTree('newer'), qwen);
  data = smallDataset('small', 3, 1);
  [seen, heard, rewards] = [makeFolder('seen'), makeFolder('heard'), makeFolder('rewards')];
});
afterAll(() => {
  rmSync(qwen, { recursive: true });
  for (const folder of [data, seen, heard, rewards]) folder.remove();
});

it.concurrent(
  'of a Qwen2-VL writes weights, adapter, checkpoint and a bundle with its clips; its best checkpoint is measured, exported, gone on from',
  async () => {
    const inputs = ['--model', qwen, '--data', data.path];
    const first = await train(
      seen,
      ...inputs,
      ...flags(SETTINGS),
      '--export',
      'merged=bf16,adapter,checkpoint,handoff=clips',
    );
    expect([first.code, first.said.slice(-2000)]).toEqual([
      0,
      expect.stringContaining('held-out accuracy after'),
    ]);
    expect(first.steps.map(({ step }) => step)).toEqual([1, 2]);
    expect(first.summary).toMatchObject({
      steps: 2,
      eval: { n: { before: 1, after: 1 }, best: { step: 1 } },
    });
    // It has one sense: nothing is muted.
    expect(first.summary.eval).not.toHaveProperty('no_audio');
    expect(first.files).toEqual(
      expect.arrayContaining([
        ...['model/model.safetensors', 'adapter/adapter_model.safetensors', 'checkpoint-2/optimizer.pt'],
        'handoff/checkpoint-2/optimizer.pt',
        ...[...BUNDLE, ...LAUNCHERS].map((path) => `handoff/${path}`),
      ]),
    );
    const media = bundleFiles(seen).filter((path) => path.startsWith('media/'));
    expect(media).toHaveLength(4);
    for (const path of media)
      expect(readFileSync(join(seen.path, 'handoff', path))).toEqual(
        readFileSync(join(data.path, path.slice('media/'.length))),
      );

    const rested = await train(
      seen,
      ...inputs,
      '--resume',
      '--from',
      'best',
      '--rest',
      '--export',
      'checkpoint',
    );
    expect([rested.code, rested.steps]).toEqual([0, []]);
    expect(rested.summary).toMatchObject({ steps: 1, eval: { n: { before: 1, after: 1 } } });
    expect(rested.files).toContain('checkpoint-1/trainer_state.json');

    const gone = await train(seen, ...inputs, '--resume', '--from', 'best', '--export', 'none');
    expect(gone.code).toBe(0);
    const { step, loss, grad_norm } = first.steps[1]!;
    expect(gone.steps).toMatchObject([{ step, loss, grad_norm }]);
    expect(readdirSync(join(seen.path, 'runs'))).toHaveLength(2);
  },
  10 * MINUTES,
);

it.concurrent(
  'of a HumanOmni scores by files in TypeScript and Python, writes them into the bundle, no clips unless asked for, and mutes either sense',
  async () => {
    for (const [name, text] of Object.entries(OWN_REWARDS)) writeFileSync(join(rewards.path, name), text);
    const model = join(projectRoot(), 'test/golden/omni-tiny');
    const { code, summary, said, steps } = await train(
      heard,
      ...[
        '--model',
        model,
        '--data',
        data.path,
        ...flags({ ...SETTINGS, evalEvery: 0 }),
        ...['--reward', join(rewards.path, 'size.ts'), '--reward', join(rewards.path, 'more.py:ends')],
        ...['--rewardTimeLimit', '60', '--rewardWeights', '1,0.5'],
        ...['--export', 'handoff,rollouts'],
      ],
    );
    expect([code, said.slice(-2000)]).toEqual([0, expect.stringContaining('without sound')]);
    expect(summary.eval).toMatchObject({ no_audio: expect.any(Number), no_video: expect.any(Number) });
    expect(steps.map(({ step }) => step)).toEqual([1, 2]);
    for (const step of steps)
      expect(step).toMatchObject({ 'rewards/ends/mean': 0.25, 'log/seen': 4, reward: expect.any(Number) });
    const lines = readFileSync(join(heard.path, 'rollouts.jsonl'), 'utf8').trim().split('\n');
    const answers = lines.map((line) => JSON.parse(line) as RolloutLine);
    expect(answers).toHaveLength(8);
    for (const { text, rewards: scores, extras } of answers)
      expect([scores, extras]).toEqual([{ size: text.length / 8, ends: 0.25 }, { first: text.slice(0, 1) }]);
    // Held-out answers are scored by them as well.
    const means = { size: expect.any(Number), ends: 0.25 };
    expect(summary.eval).toMatchObject({ rewards: { before: means, after: means } });
    const files = bundleFiles(heard);
    const programs = ['size.ts', 'size.mjs', 'ends.py', 'reward-runner.mjs'];
    expect(files).toEqual(expect.arrayContaining(programs.map((path) => `own_rewards/${path}`)));
    expect(files).toEqual(
      expect.arrayContaining([
        ...[...BUNDLE, ...LAUNCHERS, 'checkpoint-2/optimizer.pt', 'r1omni/model/model.safetensors'],
      ]),
    );
    expect(files.filter((path) => path.startsWith('media/'))).toEqual([]);
  },
  10 * MINUTES,
);
