/**
 * `npm run bench [-- FILTER] [--json FILE] [--adapter swiftshader|lavapipe|default]`: our kernels against those of tfjs,
 * jax-js and onnxruntime-web, and against our own plain ways, in one run on one adapter. A ratio is their time over ours,
 * so above 1 we are faster. FILTER is part of a row's name (`matmul`, `layer/tfjs`, `Whisper`); `training-pass` times one
 * training pass of the demo, kernel by kernel.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Gpu } from '../gpu/index.ts';
import { describeError, InputError } from '../math/errors.ts';
import { openNodeDevice } from './adapter.ts';
import { measureCeilings } from './bench/ceilings.ts';
import { type Comparison, type NamedComparison, runComparison } from './bench/comparison.ts';
import { startJax } from './bench/jax.ts';
import { browserObstacle, onnxNames, openOnnxBench } from './bench/onnx.ts';
import { makeReport, type Row, rateText, rowLine, summaryKey, summaryLines } from './bench/report.ts';
import { suite } from './bench/suite.ts';
import { DEFAULT_TIMING } from './bench/timing.ts';
import { timeTrainingPass } from './bench/training-pass.ts';

const TRAINING_PASS = 'training-pass';

interface Arguments {
  readonly filter: string;
  readonly json: string | undefined;
  readonly size: { readonly prompts: number; readonly group: number; readonly length: number };
}

function parseArguments(): Arguments {
  const { values, positionals } = parseArgs({
    options: {
      json: { type: 'string' },
      prompts: { type: 'string', default: '8' },
      group: { type: 'string', default: '8' },
      length: { type: 'string', default: '16' },
    },
    allowPositionals: true,
  });
  const { prompts, group, length, json } = values;
  const size = { prompts: Number(prompts), group: Number(group), length: Number(length) };
  return { filter: positionals.join(' '), json, size };
}

/** The peers of a comparison whose rows the filter wants. */
const wantedPeers = ({ kernel, shape, peers }: NamedComparison, filter: string): string[] =>
  peers.filter((peer) => `${summaryKey({ kernel, peer })} ${kernel} ${shape}`.includes(filter));

/** Prints rows as they come, and keeps them. */
class Table {
  readonly rows: Row[] = [];

  add(rows: readonly Row[], flops?: number): void {
    for (const row of rows) console.log(rowLine(row));
    const first = rows[0];
    if (first && flops !== undefined) console.log(rateText(first, flops, this.gflops));
    this.rows.push(...rows);
  }

  constructor(readonly gflops: number) {}
}

async function compareInNode(gpu: Gpu, comparisons: readonly Comparison[], filter: string, table: Table) {
  for (const comparison of comparisons) {
    const peers = wantedPeers(comparison, filter);
    table.add(await runComparison(gpu, comparison, peers, DEFAULT_TIMING), comparison.flops);
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
  for (const index of wanted) table.add(await bench.compare(index, DEFAULT_TIMING));
  await bench.close();
}

async function main(): Promise<void> {
  const { filter, json, size } = parseArguments();
  const { device, info, gpu: navigatorGpu } = await openNodeDevice();
  const gpu = new Gpu(device, { info });
  if (filter === TRAINING_PASS) return await timeTrainingPass(gpu, size);
  await startJax(navigatorGpu);
  const comparisons = suite().filter((one) => wantedPeers(one, filter).length > 0);
  if (comparisons.length === 0 && onnxNames().every((one) => wantedPeers(one, filter).length === 0)) {
    throw new InputError(`No row's name holds "${filter}".`, {
      hint: `Try matmul, layer, attention, mlp, norm, packing, prefill, decode or ${TRAINING_PASS}.`,
    });
  }
  const ceilings = await measureCeilings(gpu, DEFAULT_TIMING);
  console.log(
    `${info.description}: at best ${ceilings.gflops.toFixed(1)} GFLOP/s and ${ceilings.gigabytes.toFixed(1)} GB/s in this run`,
  );
  const table = new Table(ceilings.gflops);
  await compareInBrowser(filter, table);
  await compareInNode(gpu, comparisons, filter, table);
  const report = makeReport(info.description, new Date(), table.rows);
  console.log(summaryLines(report.summary).join('\n'));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

main()
  .then(() => process.exit(0))
  .catch((error) => {
    console.error(describeError(error));
    process.exit(1);
  });
