/** The quantities of a Qwen language model's case: logits, greedy tokens, log-probabilities, entropies, loss, gradients, an optimizer step. */
import { openQwenTextFiles } from '../../families/qwen-text/files.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import type { Gpu } from '../../gpu/index.ts';
import { type FileTree, readJson } from '../../io/files/files.ts';
import { firstThatHas, type TensorSource } from '../../io/tensors/safetensors.ts';
import { groupAdvantages } from '../../math/advantages.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import { lossMetrics } from '../../rl/objective/loss.ts';
import { loadPolicy, type Policy } from '../../rl/policy/policy.ts';
import { adamwSteps } from './adamw-steps.ts';
import { needArrays } from './arrays.ts';
import { type CasePass, recordPass } from './case-pass.ts';
import { greedyQuantities } from './greedy.ts';
import {
  type GroupCase,
  meanSequenceKl,
  packedGroup,
  readCompletions,
  separateGroups,
  spread,
} from './group-case.ts';
import { activation, change, gradients, logProbability, type Quantity, scalar } from './quantity.ts';
import { RECORDED_LOSS } from './trl-config.ts';

/** Tokens beyond the completions' that greedy decoding may draw. */
const GREEDY_ROOM = 64;

interface Settings {
  readonly beta: number;
  readonly grpo_loss: number;
  readonly mean_kl: number;
  readonly grad_norm: number;
  readonly greedy_tokens: readonly number[];
  readonly adamw: {
    readonly learning_rate: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
    readonly max_grad_norm: number;
  };
}

interface QwenTextCase extends GroupCase {
  readonly settings: Readonly<Record<string, unknown>> & Settings;
  readonly arrays: TensorSource;
  readonly files: ModelFiles;
  /** The same checkpoint with the reference model's weights. */
  readonly reference: ModelFiles;
  readonly expected: { readonly gradients: TensorSource; readonly afterStep: TensorSource };
}

async function openCase(tree: FileTree): Promise<QwenTextCase> {
  const arrays = await needArrays(tree, 'case.safetensors');
  const files = await openQwenTextFiles(tree);
  const reference = await needArrays(tree, 'reference.safetensors');
  const weights = firstThatHas([reference, files.main.weights]);
  return {
    settings: (await readJson(tree, 'case.json')) as QwenTextCase['settings'],
    arrays,
    files,
    reference: { ...files, main: { ...files.main, weights } },
    expected: {
      gradients: await needArrays(tree, 'grads_grpo.safetensors'),
      afterStep: await needArrays(tree, 'after_1_adamw_step.safetensors'),
    },
    prompt: { ids: Uint32Array.from(await arrays.integers('prompt_ids')) },
    ...(await readCompletions(arrays)),
    advantages: [...(await arrays.float32('advantages'))],
  };
}

/** All quantities of one case folder. */
export async function qwenTextQuantities(tree: FileTree, gpu: Gpu): Promise<Quantity[]> {
  const inputs = await openCase(tree);
  const reference = await referenceLogProbs(gpu, inputs);
  return [
    ...(await advantageQuantities(inputs)),
    await logProbability(inputs.arrays, 'ref_logps', spread(reference, inputs)),
    ...(await packedQuantities(gpu, inputs, reference)),
    ...(await separateQuantities(gpu, inputs, reference)),
  ];
}

async function advantageQuantities({ arrays, advantages }: QwenTextCase): Promise<Quantity[]> {
  const rewards = [...(await arrays.float32('rewards'))].map((reward) => [reward]);
  const settings = { aggregation: 'sum_then_normalize', scale: 'group', weights: [] } as const;
  const ours = groupAdvantages(rewards, { groupSize: rewards.length, ...settings }).advantages;
  return ours.map((value, index) => scalar(`advantage ${index}`, value, advantages[index]!));
}

/** The checkpoint with its whole decoder trained, or with nothing trained. */
function load(
  gpu: Gpu,
  { prompt, width }: QwenTextCase,
  files: ModelFiles,
  trainDecoder: boolean,
): Promise<Policy> {
  const parts = { trainDecoder, trainProjectors: false, trainGate: false, trainBert: false };
  const maxPositions = prompt.ids.length + width + GREEDY_ROOM;
  return loadPolicy(gpu, files, { ...parts, reference: false, seed: 0, maxPositions });
}

async function referenceLogProbs(gpu: Gpu, inputs: QwenTextCase): Promise<Float32Array> {
  using policy = await load(gpu, inputs, inputs.reference, false);
  const options = { groups: packedGroup(inputs), objective: 'nll', advantages: inputs.advantages } as const;
  using pass = await recordPass(gpu, policy.current, { ...options, backward: false }, async () => []);
  return (await pass.run()).get('logProbs')!;
}

const lossConfig = ({ settings }: QwenTextCase): LossConfig => ({
  ...RECORDED_LOSS,
  lossType: 'grpo',
  beta: settings.beta,
});

/** Forward and backward of the GRPO loss. */
function grpoPass(
  { gpu, current }: Policy,
  inputs: QwenTextCase,
  reference: Float32Array,
  packed: boolean,
): Promise<CasePass> {
  const options = {
    groups: packed ? packedGroup(inputs) : separateGroups(inputs),
    objective: { config: lossConfig(inputs), reference },
    advantages: inputs.advantages,
    backward: true,
    checkpoint: !packed,
  };
  return recordPass(gpu, current, options, async () => []);
}

/** What the packed group shows, greedy decoding through the cache, and an optimizer step. */
async function packedQuantities(
  gpu: Gpu,
  inputs: QwenTextCase,
  reference: Float32Array,
): Promise<Quantity[]> {
  const { arrays, settings, expected } = inputs;
  using policy = await load(gpu, inputs, inputs.files, true);
  const greedy = await greedyQuantities(policy, inputs, new Float32Array(0));
  using pass = await grpoPass(policy, inputs, reference, true);
  const [{ seen, norm }] = (await adamwSteps(gpu, { store: policy.store, pass }, adamwOf(settings), 1)) as [
    { seen: ReadonlyMap<string, Float32Array>; norm: number },
  ];
  const logProbs = seen.get('logProbs')!;
  const { loss } = lossMetrics(lossConfig(inputs), seen.get('loss')!) as { loss: number };
  const compared = await gradients('gradient', expected.gradients, policy.store);
  return [
    activation(
      'prompt_logits_last',
      seen.get('prompt_logits_last')!,
      await arrays.float32('prompt_logits_last'),
    ),
    ...greedy,
    await logProbability(arrays, 'logps', spread(logProbs, inputs)),
    await logProbability(arrays, 'entropies', spread(seen.get('entropies')!, inputs)),
    scalar('grpo_loss', loss, settings.grpo_loss),
    scalar('mean_kl', meanSequenceKl(inputs, logProbs, reference), settings.mean_kl),
    ...compared.quantities,
    scalar('grad_norm', norm, settings.grad_norm),
    ...(await change(expected.afterStep, inputs.files.main.weights, policy.store)),
  ];
}

const adamwOf = ({ adamw }: Settings) => ({
  learningRate: adamw.learning_rate,
  beta1: adamw.betas[0],
  beta2: adamw.betas[1],
  eps: adamw.eps,
  weightDecay: adamw.weight_decay,
  maxGradNorm: adamw.max_grad_norm,
});

/** The same log-probabilities and gradients from G full rows, each layer computed again in the backward pass. */
async function separateQuantities(
  gpu: Gpu,
  inputs: QwenTextCase,
  reference: Float32Array,
): Promise<Quantity[]> {
  using policy = await load(gpu, inputs, inputs.files, true);
  using pass = await grpoPass(policy, inputs, reference, false);
  const seen = await pass.run();
  const logps = await logProbability(inputs.arrays, 'logps', spread(seen.get('logProbs')!, inputs));
  const compared = await gradients('gradient of separate rows', inputs.expected.gradients, policy.store);
  return [{ ...logps, name: 'logps of separate rows' }, ...compared.quantities];
}
