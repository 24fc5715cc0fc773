/** The quantities of a HumanOmni case: activations, log-probabilities, losses, gradients, optimizer steps, adapters. */
import type { Gpu } from '../../gpu/index.ts';
import { Arena, Plan, Recorder } from '../../gpu/index.ts';
import type { FileTree } from '../../io/files.ts';
import { LORA_LINEARS, linearPath, parseLoraTensorName } from '../../io/peft.ts';
import type { TensorSource } from '../../io/safetensors.ts';
import type { NamedArray } from '../../models/lora.ts';
import { AdamW } from '../../optim/adamw.ts';
import { groupAdvantages } from '../../rl/advantages.ts';
import { lossMetrics, nllMetrics } from '../../rl/loss.ts';
import { LOSS_DEFAULTS, type LossConfig } from '../../rl/loss-config.ts';
import { loadPolicy, type Policy, type PolicyOptions } from '../../rl/policy.ts';
import type { CasePass } from './case-pass.ts';
import { openArrays, packedGroup, separateGroups, spread } from './group-case.ts';
import { type HumanOmniCase, openCase } from './humanomni-case.ts';
import {
  frameQuantities,
  greedyQuantities,
  mediaQuantities,
  tokenizerQuantities,
} from './humanomni-inputs.ts';
import { recordCase } from './humanomni-pass.ts';
import {
  activation,
  change,
  type Gradients,
  gradients,
  holds,
  logProbability,
  type Quantity,
  scalar,
  withinShare,
} from './quantity.ts';

const EVERYTHING = { trainDecoder: true, trainProjectors: true, trainGate: true, trainBert: true } as const;
const NOTHING = { trainDecoder: false, trainProjectors: false, trainGate: false, trainBert: false } as const;
const ACTIVATIONS = [
  'vision_hidden',
  'proj_video',
  'proj_body',
  'proj_face',
  'face_pooled',
  'bert_cls',
  'branch_probs',
  'video_tokens',
  'audio_hidden',
  'audio_tokens',
  'decoder_hidden_layer1',
  'decoder_hidden_last',
  'inputs_embeds',
  'prompt_logits_last',
] as const;
/** Per-token values of the packed group, which begins with the prompt: compared on the prompt's tokens. */
const OF_PROMPT: readonly string[] = ['inputs_embeds', 'decoder_hidden_layer1', 'decoder_hidden_last'];

async function load(gpu: Gpu, inputs: HumanOmniCase, options: Partial<PolicyOptions>): Promise<Policy> {
  const maxPositions = inputs.prompt.ids.length + inputs.width + 64;
  return loadPolicy(gpu, inputs.files, { ...NOTHING, reference: false, seed: 0, maxPositions, ...options });
}

function grpoConfig(inputs: HumanOmniCase): LossConfig {
  return { ...LOSS_DEFAULTS, lossType: 'grpo', beta: Number(inputs.settings.beta ?? 0) };
}

/** The same case with the vision tower read at another of its hidden states. */
function atVisionLayer(inputs: HumanOmniCase, layer: number): HumanOmniCase {
  const { files } = inputs;
  const config = { ...files.main.config, mm_vision_select_layer: layer };
  return { ...inputs, files: { ...files, main: { ...files.main, config } } };
}

/**
 * The case as its group of completions was computed. The published tower asks for hidden_states[-2]. Up to release 4 of
 * transformers this is the output of the last block but one, as the case's intermediates have it; release 5 appends the
 * normalised last state to the list, so that under it the same code takes the output of the last block. A case says only by its
 * log-probabilities which of the two made its group.
 */
async function asGroupWasMade(gpu: Gpu, inputs: HumanOmniCase): Promise<HumanOmniCase> {
  for (const candidate of [inputs, atVisionLayer(inputs, -1)]) {
    using policy = await load(gpu, candidate, {});
    const logProbs = await packedLogProbs(policy, candidate);
    if (holds(await logProbability(inputs.arrays, 'logps', spread(logProbs, inputs)))) return candidate;
  }
  return inputs;
}

/** All quantities of one case folder. */
export async function humanOmniQuantities(tree: FileTree, gpu: Gpu): Promise<Quantity[]> {
  const asConfigured = await openCase(tree);
  const inputs = await asGroupWasMade(gpu, asConfigured);
  const reference = await referenceLogProbs(gpu, inputs);
  const refQuantity = await logProbability(inputs.arrays, 'ref_logps', spread(reference, inputs));
  return [
    ...(await tokenizerQuantities(asConfigured)),
    ...frameQuantities(asConfigured),
    ...(await mediaQuantities(gpu, asConfigured)),
    ...(await activationQuantities(gpu, asConfigured)),
    ...(await advantageQuantities(inputs)),
    refQuantity,
    ...(await grpoQuantities(gpu, inputs, reference)),
    ...(await separateRowQuantities(gpu, inputs, reference)),
    ...(await sftQuantities(gpu, inputs)),
    ...(await adamwQuantities(gpu, inputs, reference)),
    ...(await loraQuantities(gpu, inputs, reference)),
  ];
}

async function referenceLogProbs(gpu: Gpu, inputs: HumanOmniCase): Promise<Float32Array> {
  const weights = await openArrays(inputs.tree, 'reference.safetensors');
  const files = weights ? { ...inputs.files, main: { ...inputs.files.main, weights } } : inputs.files;
  using policy = await load(gpu, { ...inputs, files }, {});
  return await packedLogProbs(policy, inputs);
}

async function packedLogProbs(policy: Policy, inputs: HumanOmniCase): Promise<Float32Array> {
  return (await runForward(policy, inputs)).get('logProbs')!;
}

async function runForward(policy: Policy, inputs: HumanOmniCase): Promise<ReadonlyMap<string, Float32Array>> {
  using pass = await recordCase(policy, policy.current, inputs, {
    groups: packedGroup(inputs),
    objective: 'nll',
    advantages: inputs.advantages,
    backward: false,
  });
  return await pass.run();
}

/** Intermediates of the prompt, from the towers' inputs to the last logits. */
async function activationQuantities(gpu: Gpu, inputs: HumanOmniCase): Promise<Quantity[]> {
  const { arrays } = inputs;
  using policy = await load(gpu, inputs, {});
  const seen = await runForward(policy, inputs);
  const quantities: Quantity[] = [];
  for (const name of ACTIVATIONS.filter((activationName) => arrays.has(activationName))) {
    const expected = await arrays.float32(name);
    const values = seen.get(name)!;
    quantities.push(
      activation(name, OF_PROMPT.includes(name) ? values.subarray(0, expected.length) : values, expected),
    );
  }
  const media = { video: seen.get('video_tokens')!, audio: seen.get('audio_tokens')! };
  return [...quantities, ...(await greedyQuantities(policy, inputs, media))];
}

async function advantageQuantities({ arrays, advantages }: HumanOmniCase): Promise<Quantity[]> {
  const rewards = [...(await arrays.float32('rewards'))].map((reward) => [reward]);
  const { advantages: ours } = groupAdvantages(rewards, {
    groupSize: rewards.length,
    aggregation: 'sum_then_normalize',
    scale: 'group',
    weights: [],
  });
  return ours.map((value, index) => scalar(`advantage ${index}`, value, advantages[index]!));
}

function grpoPass(
  policy: Policy,
  inputs: HumanOmniCase,
  reference: Float32Array,
  packed: boolean,
): Promise<CasePass> {
  return recordCase(policy, policy.current, inputs, {
    groups: packed ? packedGroup(inputs) : separateGroups(inputs),
    objective: { config: grpoConfig(inputs), reference },
    advantages: inputs.advantages,
    backward: true,
    checkpoint: !packed,
  });
}

async function grpoQuantities(gpu: Gpu, inputs: HumanOmniCase, reference: Float32Array): Promise<Quantity[]> {
  const { arrays, settings } = inputs;
  using policy = await load(gpu, inputs, EVERYTHING);
  using pass = await grpoPass(policy, inputs, reference, true);
  const seen = await pass.run();
  const quantities: Quantity[] = [];
  const config = grpoConfig(inputs);
  const { loss, kl } = lossMetrics(config, seen.get('loss')!) as { loss: number; kl: number };
  const logProbs = seen.get('logProbs')!;
  const ours = await storedGradients(policy, await openArrays(inputs.tree, 'grads_grpo.safetensors'));
  quantities.push(
    await logProbability(arrays, 'logps', spread(logProbs, inputs)),
    scalar('grpo_loss', loss, Number(settings.grpo_loss)),
    scalar('mean_kl', await meanSequenceKl(inputs, logProbs, reference, kl), Number(settings.mean_kl)),
  );
  if (ours) quantities.push(...ours.quantities, scalar('grad_norm', ours.norm, Number(settings.grad_norm)));
  return quantities;
}

/** Mean over completions of the mean KL over their tokens, as the published trainer logs it. */
async function meanSequenceKl(
  { completions }: HumanOmniCase,
  logProbs: Float32Array,
  reference: Float32Array,
  tokenMean: number,
): Promise<number> {
  if (!Number.isFinite(tokenMean)) return tokenMean;
  let at = 0;
  const means = completions.map((ids) => {
    let sum = 0;
    for (let t = 0; t < ids.length; t++, at++) {
      const difference = reference[at]! - logProbs[at]!;
      sum += Math.exp(difference) - difference - 1;
    }
    return sum / ids.length;
  });
  return means.reduce((sum, mean) => sum + mean, 0) / means.length;
}

/** Compares every gradient of a file with the store's, and gives the norm over all of the store's. */
async function storedGradients(
  policy: Policy,
  expected: TensorSource | undefined,
  label = 'gradient',
): Promise<Gradients | undefined> {
  return expected && gradients(label, expected, policy.store);
}

/** The same log-probabilities and gradients from G full rows, layer checkpointing on. */
async function separateRowQuantities(
  gpu: Gpu,
  inputs: HumanOmniCase,
  reference: Float32Array,
): Promise<Quantity[]> {
  using policy = await load(gpu, inputs, EVERYTHING);
  using pass = await grpoPass(policy, inputs, reference, false);
  const seen = await pass.run();
  const compared = await storedGradients(
    policy,
    await openArrays(inputs.tree, 'grads_grpo.safetensors'),
    'gradient of separate rows',
  );
  const logps = await logProbability(inputs.arrays, 'logps', spread(seen.get('logProbs')!, inputs));
  return [{ ...logps, name: 'logps of separate rows' }, ...(compared?.quantities ?? [])];
}

/** Supervised: the first completion as the answer. */
async function sftQuantities(gpu: Gpu, inputs: HumanOmniCase): Promise<Quantity[]> {
  if (inputs.settings.sft_loss === undefined) return [];
  using policy = await load(gpu, inputs, EVERYTHING);
  using pass = await recordCase(policy, policy.current, inputs, {
    groups: [{ prompt: inputs.prompt, completions: inputs.completions.slice(0, 1) }],
    objective: 'nll',
    advantages: [0],
    backward: true,
  });
  const { loss } = nllMetrics((await pass.run()).get('loss')!);
  const compared = await storedGradients(
    policy,
    await openArrays(inputs.tree, 'grads_sft.safetensors'),
    'SFT gradient',
  );
  return [scalar('sft_loss', loss, Number(inputs.settings.sft_loss)), ...(compared?.quantities ?? [])];
}

interface AdamWCase {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly max_grad_norm: number;
  readonly loss_and_grad_norm_per_step: readonly (readonly [number, number])[];
}

async function adamwQuantities(
  gpu: Gpu,
  inputs: HumanOmniCase,
  reference: Float32Array,
): Promise<Quantity[]> {
  const settings = inputs.settings.adamw as AdamWCase | undefined;
  const after = await openArrays(inputs.tree, 'after_3_adamw_steps.safetensors');
  if (!settings || !after) return [];
  using policy = await load(gpu, inputs, EVERYTHING);
  using pass = await grpoPass(policy, inputs, reference, true);
  using optimizer = new AdamW(gpu, policy.store, {
    learningRate: settings.lr,
    beta1: settings.betas[0],
    beta2: settings.betas[1],
    eps: settings.eps,
    weightDecay: settings.weight_decay,
    maxGradNorm: settings.max_grad_norm,
  });
  const [zero, step] = [new Recorder(), new Recorder()];
  policy.store.zeroGradients(zero);
  optimizer.record(step);
  using arena = new Arena(gpu, 'optimizer');
  using zeroPlan = await Plan.create(gpu, 'zero', zero, arena);
  using stepPlan = await Plan.create(gpu, 'step', step, arena);
  const quantities: Quantity[] = [];
  for (const [index, [loss, norm]] of settings.loss_and_grad_norm_per_step.entries()) {
    await zeroPlan.run();
    const seen = await pass.run();
    optimizer.setStep({});
    await stepPlan.run();
    const found = lossMetrics(grpoConfig(inputs), seen.get('loss')!).loss!;
    quantities.push(
      withinShare(`adamw loss ${index}`, found, loss),
      withinShare(`adamw gradient norm ${index}`, (await optimizer.readStats()).norm, norm),
    );
  }
  return [...quantities, ...(await change(after, inputs.files.main.weights, policy.store))];
}

async function loraQuantities(gpu: Gpu, inputs: HumanOmniCase, reference: Float32Array): Promise<Quantity[]> {
  const adapterFile = await openArrays(inputs.tree, 'lora/adapter_model.safetensors');
  const settings = inputs.settings.lora as { r: number; alpha: number; grpo_loss: number } | undefined;
  if (!adapterFile || !settings) return [];
  const adapter: NamedArray[] = [];
  for (const name of adapterFile.names()) {
    const tensor = parseLoraTensorName(name)!;
    const data = await adapterFile.float32(name);
    const path = `${linearPath(tensor.layer, tensor.linear)}.lora_${tensor.matrix}.weight`;
    adapter.push({ name: path, shape: adapterFile.info(name).shape, data });
  }
  const lora = { rank: settings.r, alpha: settings.alpha, targets: LORA_LINEARS };
  using policy = await load(gpu, inputs, { lora, adapter });
  using pass = await grpoPass(policy, inputs, reference, true);
  const seen = await pass.run();
  const { loss } = lossMetrics(grpoConfig(inputs), seen.get('loss')!) as { loss: number };
  const expected = await openArrays(inputs.tree, 'lora/grads_grpo.safetensors');
  const toStore = (name: string): string => name.replace('base_model.model.', '');
  const compared = expected && (await gradients('LoRA gradient', expected, policy.store, toStore));
  return [
    await logProbability(inputs.arrays, 'lora_logps', spread(seen.get('logProbs')!, inputs)),
    scalar('lora grpo_loss', loss, settings.grpo_loss),
    ...(compared?.quantities ?? []),
  ];
}
