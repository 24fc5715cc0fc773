/** The logs of an export, read back by the programs they are for: TensorBoard, wandb and trackio. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { trainersPython } from '../../src/cli/setup/trainers.mjs';
import { trackerLogs } from '../../src/worker/export/tracker-logs.ts';
import { LineLog } from '../../src/worker/line-log.ts';
import { writeFiles } from './write-files.ts';

type Row = Readonly<Record<string, number | string | null>>;

interface Found {
  readonly table: readonly Readonly<Record<string, string>>[];
  readonly tensorboard: {
    readonly version: string;
    readonly events: number;
    readonly run: string;
    readonly scalars: Readonly<Record<string, readonly (readonly [step: number, value: number])[]>>;
    readonly times: readonly number[];
  };
  readonly wandb: { readonly name: string; readonly history: readonly Row[]; readonly config: Row };
  readonly trackio: Readonly<
    Record<'events' | 'table' | 'sent', { readonly run: string; readonly rows: readonly Row[] }>
  >;
}

const STEPS = 400;
const BEGUN = Date.UTC(2026, 10, 30, 12);
/** Numbers of every size that float64 can tell apart and float32 cannot; every tenth step is evaluated. */
const steps = Array.from({ length: STEPS }, (_, index) => {
  const step = index + 1;
  const evaluated = step % 10 === 0 ? { 'eval/war': step / 700 } : {};
  return {
    step,
    ...{ reward: Math.sin(step) / 3, loss: 1e-9 / step, kl: 0.1 + step * 1e-12, num_tokens: step * 1234 },
    ...{ 'rewards/accuracy/mean': 1 / step, 'log/"odd", name': -step, 'log/loss': 7, step_time: 0.25 },
    ...evaluated,
    seconds: { rollout: 0.125, update: 0.0625 },
  };
});

const folder = mkdtempSync(join(tmpdir(), 'studio-logs-'));
afterAll(() => rmSync(folder, { recursive: true }));
const metricsLog = new LineLog();
metricsLog.append(...steps);
await writeFiles(folder, trackerLogs({ metricsLog }, { name: 'brave-otter', createdAt: BEGUN }));
writeFileSync(join(folder, 'run.json'), JSON.stringify({ config: { groupSize: 8, lossType: 'dapo' } }));
const found = JSON.parse(
  execFileSync(trainersPython(), [join(import.meta.dirname, 'read_logs.py'), folder], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
    .trim()
    .split('\n')
    .at(-1)!,
) as Found;

/** Every metric of a step under its name in a tracker. */
function tracked({ step: _, seconds, ...metrics }: (typeof steps)[number]): Record<string, number> {
  const named = Object.entries(metrics).map(([key, value]) => [
    key.startsWith('eval/') ? key : `train/${key === 'log/loss' ? key : key.replace('log/', '')}`,
    value,
  ]);
  return {
    ...Object.fromEntries(named),
    'seconds/rollout': seconds.rollout,
    'seconds/update': seconds.update,
  };
}

describe('metrics.csv', () => {
  it("has every number as it is, under TRL's names", () => {
    expect(found.table.length).toBe(STEPS);
    for (const [index, { step, timestamp, runtime, ...cells }] of found.table.entries()) {
      const { step: known, seconds, ...metrics } = steps[index]!;
      const values = Object.entries(cells).flatMap(([key, cell]) =>
        cell === '' ? [] : [[key, Number(cell)]],
      );
      expect(Object.fromEntries(values)).toEqual({
        ...metrics,
        'seconds/rollout': seconds.rollout,
        'seconds/update': seconds.update,
      });
      expect([Number(step), Number(runtime)]).toEqual([known, known / 4]);
      expect(Date.parse(timestamp!)).toBe(BEGUN + known * 250);
    }
  });
});

describe('TensorBoard', () => {
  it('reads every record, with the version first and times of the run', () => {
    const { version, events, run, times } = found.tensorboard;
    expect([version, events, run]).toEqual(['brain.Event:2', STEPS + 1, 'brave-otter']);
    expect(times).toEqual(Array.from({ length: STEPS + 1 }, (_, step) => BEGUN / 1000 + step / 4));
  });

  it('has every number, rounded to float32', () => {
    const expected: Record<string, [number, number][]> = {};
    for (const line of steps)
      for (const [tag, value] of Object.entries(tracked(line)))
        expected[tag] = [...(expected[tag] ?? []), [line.step, Math.fround(value)]];
    expect(found.tensorboard.scalars).toEqual(expected);
  });
});

describe('wandb', () => {
  it('takes name, settings, steps, times and every number from the script', () => {
    const { name, config, history } = found.wandb;
    expect(name).toBe('brave-otter');
    expect(config).toMatchObject({ groupSize: 8, lossType: 'dapo' });
    const logged = history.map(({ _runtime, ...row }) => row);
    expect(logged).toEqual(
      steps.map((line) => ({
        ...tracked(line),
        ...{ _step: line.step, _timestamp: BEGUN / 1000 + line.step / 4 },
      })),
    );
  });
});

describe('trackio', () => {
  it('takes every number from the script', () => {
    const { run, rows } = found.trackio.sent;
    expect(run).toBe('brave-otter');
    expect(rows.map(({ timestamp, ...row }) => row)).toEqual(
      steps.map((line) => ({ ...tracked(line), step: line.step })),
    );
  });

  it('imports the event file by its tags, and the table', () => {
    const { events, table } = found.trackio;
    expect(events.run).toBe('brave-otter');
    const rewards = events.rows.filter((row) => row['train/reward'] !== undefined);
    expect(rewards.map((row) => [row.step, row['train/reward']])).toEqual(
      steps.map(({ step, reward }) => [step, Math.fround(reward)]),
    );
    expect(
      table.rows.map(({ step, reward, timestamp }) => [step, reward, Date.parse(String(timestamp))]),
    ).toEqual(steps.map(({ step, reward }) => [step, reward, BEGUN + step * 250]));
  });
});
