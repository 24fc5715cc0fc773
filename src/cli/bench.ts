/**
 * `npm run bench [-- FILTER] [--json FILE] [--clock wall|cpu] [--adapter swiftshader|lavapipe|default]`: our kernels against those of tfjs,
 * jax-js and onnxruntime-web, and against our own plain ways, in one run on one adapter. A ratio is their time over ours,
 * so above 1 we are faster. FILTER is part of a row's name (`matmul`, `layer/tfjs`, `Whisper`), or one of these: `training-pass` times
 * one training pass of the demo, kernel by kernel; `step-phases` says where the time of its GRPO steps goes; `growth` sets times
 * against a cost model; `long-run [--steps N]` tells whether steps stay as fast as they were. `--gpu` asks a GPU at real size
 * (src/cli/bench-gpu.ts). A software adapter computes on this process's threads: there `--clock cpu` counts their processor
 * time, which others on a busy machine disturb less. onnxruntime-web, in a browser, is timed by the wall.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureCeilings } from '../bench/cases/ceilings.ts';
import { measureGrowth } from '../bench/cases/growth.ts';
import { deviations, growthLines, predict } from '../bench/cases/growth-model.ts';
import { type Comparison, type NamedComparison, runComparison } from '../bench/comparison.ts';
import { startJax } from '../bench/peers/jax.ts';
import {
  ceilingsText,
  makeReport,
  rateText,
  rowLine,
  summaryKey,
  summaryLines,
  withRates,
} from '../bench/report.ts';
import { suite } from '../bench/suite.ts';
import { DEFAULT_TIMING } from '../bench/timing.ts';
import { Gpu } from '../gpu/index.ts';
import { describeError, InputError } from '../math/errors.ts';
import { tune, tuningText, variantsOf } from '../ops/tuning/tune.ts';
import type { BenchReport, Ceilings, Row } from '../protocol/bench.ts';
import type { Cost } from '../rl/measure/cost-model.ts';
import { openNodeDevice } from './adapter.ts';
import { longRun, longRunLines } from './bench/long-run.ts';
import { browserObstacle, onnxNames, openOnnxBench } from './bench/onnx.ts';
import { randomPolicy } from './bench/random-checkpoint.ts';
import { RunProcess, serveRun } from './bench/run-process.ts';
import { timeStepPhases } from './bench/step-phases.ts';
import { timeTrainingPass } from './bench/training-pass.ts';

/** What GRPO steps train while they are timed against the sizes of their group. */
const GROWTH_FIELDS = {
  hidden_size: 64,
  intermediate_size: 256,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 512,
};
/** Rounds over all points; a round is never broken off. */
const GROWTH_TIMING = { samples: 12, sampleMs: 100, patienceMs: 90_000 };

/** Milliseconds by the wall, or of processor time that all threads of this process took. */
const CLOCKS: Readonly<Record<string, () => number>> = {
  wall: () => performance.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

interface Arguments {
  readonly filter: string;
  readonly json: string | undefined;
  readonly clock: string;
  readonly now: () => number;
  readonly steps: number;
  readonly size: { readonly prompts: number; readonly group: number; readonly length: number };
}

function parseArguments(): Arguments {
  const { values, positionals } = parseArgs({
    options: {
      json: { type: 'string' },
      clock: { type: 'string', default: 'wall' },
      prompts: { type: 'string', default: '8' },
      group: { type: 'string', default: '8' },
      length: { type: 'string', default: '16' },
      steps: { type: 'string', default: '1000' },
    },
    allowPositionals: true,
  });
  const { prompts, group, length, steps, json, clock } = values;
  const now = CLOCKS[clock];
  if (!now) throw new InputError(`Unknown clock "${clock}": expected wall or cpu.`);
  const size = { prompts: Number(prompts), group: Number(group), length: Number(length) };
  return { filter: positionals.join(' '), json, clock, now, size, steps: Number(steps) };
}

/** Writes to the file asked for, if any. */
function writeReport(path: string | undefined, report: object): void {
  if (path !== undefined) writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
}

/** The peers of a comparison whose rows the filter wants. */
const wantedPeers = ({ kernel, shape, peers }: NamedComparison, filter: string): string[] =>
  peers.filter((peer) => `${summaryKey({ kernel, peer })} ${kernel} ${shape}`.includes(filter));

/** Prints rows as they come, and keeps the file up to date, so that a run may be broken off. */
class Table {
  readonly #adapter: string;
  readonly #ceilings: Ceilings;
  readonly #wishes: Arguments;
  readonly #rows: Row[] = [];

  constructor(adapter: string, ceilings: Ceilings, wishes: Arguments) {
    this.#adapter = adapter;
    this.#ceilings = ceilings;
    this.#wishes = wishes;
    console.log(`${adapter}: ${ceilingsText(ceilings)}`);
  }

  add(timed: readonly Row[], cost: Cost): void {
    const rows = timed.map((row) => withRates(row, cost, this.#ceilings));
    for (const row of rows) console.log(rowLine(row));
    if (rows[0]?.rates) console.log(rateText(rows[0].rates));
    this.#rows.push(...rows);
    writeReport(this.#wishes.json, this.report());
  }

  report(): BenchReport {
    return makeReport(
      { adapter: this.#adapter, clock: this.#wishes.clock, ceilings: this.#ceilings },
      new Date(),
      this.#rows,
    );
  }
}

async function compareInNode(
  gpu: Gpu,
  comparisons: readonly Comparison[],
  { filter, now }: Arguments,
  table: Table,
): Promise<void> {
  for (const comparison of comparisons) {
    const peers = wantedPeers(comparison, filter);
    table.add(await runComparison(gpu, comparison, peers, DEFAULT_TIMING, now), comparison.cost);
  }
}

async function compareInBrowser(filter: string, table: Table): Promise<void> {
  const wanted = onnxNames().flatMap((named, index) =>
    wantedPeers(named, filter).length > 0 ? [index] : [],
  );
  if (wanted.length === 0) return;
  const obstacle = browserObstacle();
  if (obstacle !== undefined) {
    console.log(`onnxruntime-web is left out: ${obstacle}.`);
    return;
  }
  console.log('In Chromium:');
  const bench = await openOnnxBench();
  for (const index of wanted) table.add(await bench.compare(index, DEFAULT_TIMING), onnxNames()[index]!.cost);
  await bench.close();
}

async function timeLongRun(gpu: Gpu, { steps, json, clock }: Arguments): Promise<void> {
  const found = await longRun(steps, () => new RunProcess([RUN_PROCESS, '--clock', clock]));
  console.log(longRunLines(found).join('\n'));
  writeReport(json, { adapter: gpu.info.description, clock, ...found });
}

async function timeGrowth(gpu: Gpu, { now, json, clock }: Arguments): Promise<void> {
  using policy = await randomPolicy(gpu, GROWTH_FIELDS, { rank: 8, maxPositions: 2200 });
  const points = predict(await measureGrowth(gpu, policy, GROWTH_TIMING, now));
  console.log(growthLines(points).join('\n'));
  writeReport(json, { adapter: gpu.info.description, clock, deviations: deviations(points), points });
}

/** Which matmul variants are fastest, on any adapter. */
async function showTuning(gpu: Gpu, { now, json, clock }: Arguments): Promise<void> {
  const found = await tune(gpu, { now });
  console.log(`${gpu.info.description}: ${tuningText(found)}`);
  writeReport(json, { adapter: gpu.info.description, clock, found });
}

/** Lets a GPU use the matmul variants that autotuning finds fastest on it, as the studio does. */
async function applyTuning(gpu: Gpu): Promise<void> {
  if (gpu.isSoftware) return;
  const found = await tune(gpu);
  gpu.traits = { ...gpu.traits, variants: variantsOf(found) };
  console.log(`${gpu.info.description}: ${tuningText(found)}`);
}

/** What has no rows against peers, by name. */
const APART: Readonly<Record<string, (gpu: Gpu, wishes: Arguments) => Promise<void>>> = {
  growth: timeGrowth,
  'long-run': timeLongRun,
  'step-phases': (gpu) => timeStepPhases(gpu),
  'training-pass': (gpu, { size }) => timeTrainingPass(gpu, size),
  tune: showTuning,
};
/** What a long run starts, twice; nobody asks for it by hand. */
const RUN_PROCESS = 'run-process';

async function main(): Promise<void> {
  const wishes = parseArguments();
  const { filter, now } = wishes;
  const { device, info, gpu: navigatorGpu } = await openNodeDevice();
  const gpu = new Gpu(device, { info });
  await applyTuning(gpu);
  if (filter === RUN_PROCESS) return await serveRun(gpu, now);
  const apart = APART[filter];
  if (apart) return await apart(gpu, wishes);
  const comparisons = suite().filter((one) => wantedPeers(one, filter).length > 0);
  if (comparisons.length === 0 && onnxNames().every((one) => wantedPeers(one, filter).length === 0)) {
    throw new InputError(`No row's name holds "${filter}".`, {
      hint: `Try batching, matmul, layer, attention, mlp, norm, packing, prefill, decode, ${Object.keys(APART).join(', ')}.`,
    });
  }
  if (comparisons.some((one) => wantedPeers(one, filter).includes('jax-js'))) await startJax(navigatorGpu);
  const table = new Table(info.description, await measureCeilings(gpu, DEFAULT_TIMING, now), wishes);
  await compareInBrowser(filter, table);
  await compareInNode(gpu, comparisons, wishes, table);
  console.log(summaryLines(table.report().summary).join('\n'));
}

main()
  .then(() => process.exit(0))
  .catch((error) => {
    console.error(describeError(error));
    process.exit(1);
  });
