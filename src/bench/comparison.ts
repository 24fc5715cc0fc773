import type { Gpu } from '../gpu/index.ts';
import { describeError } from '../math/errors.ts';
import { relativeDifference } from '../math/stats.ts';
import type { Row, RowName } from '../protocol/bench.ts';
import type { Cost } from '../rl/measure/cost-model.ts';
import { makeRow } from './report.ts';
import { type Contestant, type TimingOptions, timeInTurns } from './timing.ts';

/** A row of the bench: our way and its peers. */
export interface NamedComparison {
  readonly kernel: string;
  readonly shape: string;
  readonly peers: readonly string[];
}

/** A comparison that can be run. */
export interface Comparison extends NamedComparison {
  /** Of one computation, per unit: operations, a multiplication with its addition as two, and the least bytes moved. */
  readonly cost: Cost;
  /** Opens our side, and the peers when asked. */
  readonly open: (gpu: Gpu) => Promise<Contestants>;
}

export interface Contestants {
  readonly ours: Contestant;
  readonly peers: Readonly<Record<string, () => Promise<Contestant>>>;
}

/** Largest relative difference of two float32 computations of the same thing. */
const SAME = 1e-3;

/** Computes once, which also compiles; a sentence where it fails or the numbers differ. */
async function objection(contestant: Contestant, expected: Float32Array): Promise<string | undefined> {
  try {
    await contestant.start();
    await contestant.settle();
    const difference = relativeDifference(await contestant.result(), expected);
    return difference <= SAME
      ? undefined
      : `gives other numbers (relative difference ${difference.toExponential(1)})`;
  } catch (error) {
    return failure(error);
  }
}

const failure = (error: unknown): string => `cannot: ${describeError(error).split('\n')[0]}`;

/** Opens a peer; a sentence where it cannot take part. */
async function admit(expected: Float32Array, open: () => Promise<Contestant>): Promise<Contestant | string> {
  let contestant: Contestant;
  try {
    contestant = await open();
  } catch (error) {
    return failure(error);
  }
  const reason = await objection(contestant, expected);
  if (reason !== undefined) contestant.dispose();
  return reason ?? contestant;
}

/** Times one comparison against the peers named, by the clock `now` (milliseconds); a row for each. */
export async function runComparison(
  gpu: Gpu,
  comparison: Comparison,
  peers: readonly string[],
  timing: TimingOptions,
  now?: () => number,
): Promise<Row[]> {
  const contestants = await comparison.open(gpu);
  const { ours } = contestants;
  await ours.start();
  await ours.settle();
  const expected = await ours.result();
  const admitted = new Map<string, Contestant | string>();
  for (const peer of peers) admitted.set(peer, await admit(expected, contestants.peers[peer]!));
  const rivals = [...admitted.values()].filter((rival) => typeof rival !== 'string');
  const [own, ...times] = await timeInTurns([ours, ...rivals], timing, now);
  const rows = [...admitted].map(([peer, rival]) => {
    const name: RowName = { kernel: comparison.kernel, shape: comparison.shape, peer };
    return makeRow(name, own!, typeof rival === 'string' ? rival : times[rivals.indexOf(rival)]!);
  });
  for (const contestant of [ours, ...rivals]) contestant.dispose();
  return rows;
}
