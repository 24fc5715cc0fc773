import { Classifier } from '../classifiers/classifier.ts';
import type { OpenClassifier } from '../classifiers/open.ts';
import type { ClipRecipe } from '../families/api.ts';
import { openEncoder } from '../families/index.ts';
import type { ModelFiles } from '../families/shared/model-files.ts';
import { dryGpu, type Gpu } from '../gpu/index.ts';
import type { TensorSource } from '../io/tensors/safetensors.ts';
import type { Config } from '../protocol/config.ts';
import type { MemoryPlan } from '../protocol/memory.ts';
import { plannedWork } from '../rl/measure/planned-work.ts';
import { loadPolicy } from '../rl/policy/policy.ts';
import { RunContext } from '../rl/run-context.ts';
import { modelUnder, type OpenModel } from './inputs/model.ts';
import { mostPositions, policyOptions, type RunTexts, runSetup, startOf } from './run-options.ts';

/** Tensors of which only the headers are read. */
const empty = (source: TensorSource): TensorSource => ({
  ...source,
  label: source.label,
  async *pieces() {
    // Nothing is read.
  },
  float32: async () => new Float32Array(0),
});

/** A checkpoint of which only the headers are read. */
function withoutBytes(files: ModelFiles): ModelFiles {
  const towers = Object.entries(files.towers).map(([kind, tower]) => [
    kind,
    tower.weights ? { ...tower, weights: empty(tower.weights) } : tower,
  ]);
  return {
    ...files,
    main: { ...files.main, weights: empty(files.main.weights) },
    towers: Object.fromEntries(towers),
  };
}

/**
 * The memory that a run with these settings takes on a device like that of `like`, by building all of it on a device that only
 * counts. `texts`: what it asks, and is to answer; `scorers`: models that score its answers.
 */
export async function planMemory(
  opened: OpenModel,
  config: Config,
  texts: RunTexts,
  like?: Gpu,
  scorers: readonly OpenClassifier[] = [],
): Promise<MemoryPlan> {
  const model = modelUnder(opened, config);
  const start = await startOf(model, config);
  const files = withoutBytes(start?.files ?? model.files);
  const encoding = model.clips ? await encodingBytes({ ...model, files }, model.clips, like) : 0;
  const gpu = dryGpu(like);
  const maxPositions = mostPositions(texts, config);
  using policy = await loadPolicy(gpu, files, policyOptions(files.family, config, maxPositions, start));
  using context = await RunContext.create(runSetup(model, texts, { policy, config }));
  if (config.stage === 'grpo') await context.rolloutGenerator();
  const { ledger } = gpu;
  const scoring = await scoringBytes(config.stage === 'grpo' ? scorers : [], like);
  const scorerBytes = scoring.reduce((sum, bytes) => sum + bytes, 0);
  return {
    encoding,
    passes: context.updater.plannedPasses,
    work: plannedWork(context),
    training: { ...ledger.parts(), ...(scorerBytes > 0 ? { 'reward models': scorerBytes } : {}) },
    rewards: scorerBytes,
    peak: {
      training: Math.max(ledger.peak, ledger.total + Math.max(0, ...scoring)),
      withRewards: ledger.peak + scorerBytes,
      withTowers: ledger.total + encoding,
    },
  };
}

/** Bytes that each model takes which scores, with its largest pass. */
async function scoringBytes(scorers: readonly OpenClassifier[], like?: Gpu): Promise<number[]> {
  const bytes: number[] = [];
  for (const opened of scorers) {
    const gpu = dryGpu(like);
    const sources = opened.sources.map(({ source, aliases }) => ({ source: empty(source), aliases }));
    using classifier = await Classifier.load(gpu, { ...opened, sources });
    await classifier.reserve(opened.mostTokens);
    bytes.push(gpu.ledger.peak);
  }
  return bytes;
}

async function encodingBytes(model: OpenModel, { largest }: ClipRecipe, like?: Gpu): Promise<number> {
  const gpu = dryGpu(like);
  using encoder = await openEncoder(gpu, model);
  if (largest) await encoder.prepare?.(largest);
  return gpu.ledger.peak;
}
