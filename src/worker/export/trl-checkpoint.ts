/** A checkpoint folder as transformers' Trainer writes it, so that TRL goes on from it: adapter, Adam, schedule, log. */

import { dict, float, type PickleValue, tuple } from '../../io/formats/pickle.ts';
import { TorchFile } from '../../io/formats/torch-file.ts';
import { type FileToWrite, inFolder, jsonFile } from '../../io/writing/file-to-write.ts';
import { optimizerSteps } from '../../protocol/trl-settings.ts';
import { learningRateAt } from '../../rl/step.ts';
import { adapterFiles, adapterTensors } from './adapter.ts';
import { type CheckpointSource, trainerState } from './trainer-state.ts';

/** Why a run cannot be gone on with by TRL; undefined when it can. */
export function checkpointProblem({
  config,
  policy,
  start,
  step,
}: Pick<CheckpointSource, 'config' | 'policy' | 'start' | 'step'>): string | undefined {
  const { lora } = policy.options;
  if (!lora) return 'the run has no LoRA';
  if (config.stage !== 'grpo') return 'the run is not GRPO';
  if (policy.store.names().some((name) => !name.includes('.lora_')))
    return 'the run trains more than the adapter';
  if (lora.vision) return 'its adapter sits on the vision tower, too, and TRL trains the language model';
  if (start?.changed.length) return 'the run began from weights that are not the published ones';
  return step === 0 ? 'no step has been taken' : undefined;
}

/** `checkpoint-<optimizer steps>/…`. The run must have no `checkpointProblem`. */
export async function trlCheckpoint(run: CheckpointSource): Promise<FileToWrite[]> {
  return inFolder(`checkpoint-${optimizerSteps(run.config, run.step)}`, [
    ...adapterFiles(run.policy),
    optimizerFile(run),
    schedulerFile(run),
    jsonFile('trainer_state.json', await trainerState(run)),
  ]);
}

/** State of torch's AdamW: moments by parameter number, in module order, and the two groups that Trainer makes (with decay, without). */
function optimizerFile(run: CheckpointSource): FileToWrite {
  const { optimizer, policy } = run;
  const file = new TorchFile();
  const names = adapterTensors(policy).map(({ stored }) => stored);
  const steps = Float32Array.of(optimizer.stepCount);
  const state = names.map((name, index): [number, PickleValue] => {
    const { shape } = policy.store.get(name);
    return [
      index,
      dict({
        step: file.tensor([], async () => steps),
        exp_avg: file.tensor(shape, async () => (await optimizer.readMoments(name)).first),
        exp_avg_sq: file.tensor(shape, async () => (await optimizer.readMoments(name)).second),
      }),
    ];
  });
  const numbers = names.map((_, index) => index);
  const groups = [parameterGroup(run, run.config.weightDecay, numbers), parameterGroup(run, 0, [])];
  return file.file('optimizer.pt', dict({ state: new Map(state), param_groups: groups }));
}

function parameterGroup(
  { config, step }: CheckpointSource,
  weightDecay: number,
  parameters: readonly number[],
): PickleValue {
  return dict({
    weight_decay: float(weightDecay),
    lr: float(learningRateAt(config, step)),
    betas: tuple(float(config.adamBeta1), float(config.adamBeta2)),
    eps: float(config.adamEpsilon),
    amsgrad: false,
    maximize: false,
    foreach: null,
    capturable: false,
    differentiable: false,
    fused: null,
    decoupled_weight_decay: true,
    initial_lr: float(config.learningRate),
    params: parameters,
  });
}

/** State of torch's LambdaLR, one entry a parameter group; the rate is that of the next step. */
function schedulerFile({ config, step }: CheckpointSource): FileToWrite {
  const done = optimizerSteps(config, step);
  const rate = float(learningRateAt(config, step));
  const base = float(config.learningRate);
  const state = dict({
    base_lrs: [base, base],
    last_epoch: done,
    _step_count: done + 1,
    _is_initial: false,
    _get_lr_called_within_step: false,
    _last_lr: [rate, rate],
    lr_lambdas: [dict({}), dict({})],
  });
  return new TorchFile().file('scheduler.pt', state);
}
