/** How a stored run went, out of its `events.jsonl`, and kept beside it in `glance.json` until that file has grown. */
import { jsonLines } from '../../io/json/json-lines.ts';
import { writeFile } from '../../io/sealed/record.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import { InputError } from '../../math/errors.ts';
import { downsampleMinMax, type Point } from '../../math/series.ts';
import type { Config } from '../../protocol/config.ts';
import { bestOf, isSameMeasure, metricFor, scoreOf, withoutTexts } from '../../protocol/evaluation.ts';
import type { EvalResult } from '../../protocol/messages.ts';
import { type RunGlance, runGlance } from '../../protocol/run-about.ts';
import { z } from '../../protocol/shapes.ts';
import { EVENTS, readEvent } from './logs.ts';

const GLANCE = 'glance.json';
/** A longer one is none of ours. */
const MOST_GLANCE_BYTES = 64 << 10;
/** The curve is cut into so many pieces, of which the extremes are kept. */
const PIECES = 24;
/** Steps whose mean stands for the end of a run. */
const LAST_STEPS = 10;

/** `of`: bytes of the log that it was taken from, and the metric that says which evaluation is the best. */
const keptGlance = z.object({ of: z.tuple([z.number(), z.string()]), glance: runGlance });

type Wanted = Pick<Config, 'bestMetric' | 'stage'>;

/** Nothing where there is no log, or it cannot be read: the run's own charts say what is wrong with it. */
export async function glanceOf(store: FileStore, folder: string, config: Wanted): Promise<RunGlance> {
  const log = await ifFile(() => store.read(`${folder}/${EVENTS}`));
  if (!log) return {};
  const of: [number, string] = [log.size, `${config.stage} ${config.bestMetric}`];
  const path = `${folder}/${GLANCE}`;
  const kept = await ifFile(() => readKept(store, path));
  if (kept && kept.of.join() === of.join()) return kept.glance;
  const glance = await readGlance(log, config);
  const bytes = new TextEncoder().encode(JSON.stringify({ of, glance }));
  // On a full device it is read out of the log again the next time.
  await writeFile(store, path, bytes).catch(() => undefined);
  return glance;
}

async function readKept(store: FileStore, path: string) {
  const size = (await store.read(path))?.size;
  if (size === undefined || size > MOST_GLANCE_BYTES) return undefined;
  try {
    return keptGlance.safeParse(JSON.parse((await store.text(path)) ?? '')).data;
  } catch {
    return undefined;
  }
}

async function ifFile<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

async function readGlance(log: Blob, { bestMetric, stage }: Wanted): Promise<RunGlance> {
  const metric = stage === 'grpo' ? 'reward' : 'loss';
  const points: Point[] = [];
  const evaluations: EvalResult[] = [];
  for await (const { value, intact } of jsonLines(log)) {
    if (intact === false || typeof value !== 'object' || value === null) continue;
    const event = await ifFile(async () => readEvent(value as Record<string, unknown>));
    if (event?.type === 'step') {
      const y = event.metrics[metric];
      if (y !== undefined && Number.isFinite(y)) points.push({ x: event.step, y });
    } else if (event?.type === 'eval' && counts(event.result)) evaluations.push(withoutTexts(event.result));
  }
  return { ...curveOf(metric, points), ...scoresOf(evaluations, bestMetric) };
}

/** Of a run are the evaluations after a step, of everything that is shown. */
const counts = ({ step, mute, split }: EvalResult): boolean => step > 0 && !mute && split !== 'train';

function curveOf(metric: 'reward' | 'loss', points: readonly Point[]): RunGlance {
  if (points.length === 0) return {};
  const last = points.slice(-LAST_STEPS);
  return {
    curve: { metric, points: downsampleMinMax(points, PIECES).map(({ x, y }) => [x, y]) },
    last: last.reduce((sum, { y }) => sum + y, 0) / last.length,
  };
}

function scoresOf(evaluations: readonly EvalResult[], wanted: Wanted['bestMetric']): RunGlance {
  const latest = evaluations.at(-1);
  if (!latest) return {};
  const alike = evaluations.filter((each) => isSameMeasure(each, latest));
  const value = scoreOf(latest, wanted);
  const best = scoreOf(bestOf(alike, wanted) ?? latest, wanted);
  return { score: { metric: metricFor(latest, wanted), step: latest.step, value, best } };
}
