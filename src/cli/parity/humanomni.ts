/** The quantities of a HumanOmni case: activations, log-probabilities, losses, gradients, optimizer steps, adapters. */
import type { Gpu } from '../../gpu/index.ts';
import type { FileTree } from '../../io/files/files.ts';
import { groupAdvantages } from '../../math/advantages.ts';
import { lossMetrics } from '../../rl/objective/loss.ts';
import { greedyQuantities } from './greedy.ts';
import { meanSequenceKl, openArrays, spread } from './group-case.ts';
import { type HumanOmniCase, openCase } from './humanomni-case.ts';
import { frameQuantities, mediaQuantities, tokenizerQuantities } from './humanomni-inputs.ts';
import {
  asGroupWasMade,
  EVERYTHING,
  grpoConfig,
  grpoPass,
  load,
  referenceLogProbs,
  runForward,
  storedGradients,
} from './humanomni-policy.ts';
import { adamwQuantities, loraQuantities, sftQuantities } from './humanomni-training.ts';
import { activation, logProbability, type Quantity, scalar, within } from './quantity.ts';

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

/** What can be compared, in the order it is; each part may be asked for alone. */
const PARTS = {
  inputs: async ({ asConfigured, gpu }) => [
    ...(await tokenizerQuantities(asConfigured)),
    ...frameQuantities(asConfigured),
    ...(await mediaQuantities(gpu, asConfigured)),
  ],
  activations: ({ gpu, asConfigured }) => activationQuantities(gpu, asConfigured),
  advantages: ({ inputs }) => advantageQuantities(inputs),
  reference: async ({ inputs, reference }) => [
    await logProbability(inputs.arrays, 'ref_logps', spread(reference, inputs), inputs.bounds),
  ],
  grpo: ({ gpu, inputs, reference }) => grpoQuantities(gpu, inputs, reference),
  'separate rows': ({ gpu, inputs, reference }) => separateRowQuantities(gpu, inputs, reference),
  sft: ({ gpu, inputs }) => sftQuantities(gpu, inputs),
  adamw: ({ gpu, inputs, reference }) => adamwQuantities(gpu, inputs, reference),
  lora: ({ gpu, inputs, reference }) => loraQuantities(gpu, inputs, reference),
} as const satisfies Record<string, (compared: Compared) => Promise<Quantity[]>>;

export type HumanOmniPart = keyof typeof PARTS;
const ALL_PARTS = Object.keys(PARTS) as HumanOmniPart[];

interface Compared {
  readonly gpu: Gpu;
  readonly asConfigured: HumanOmniCase;
  /** The case as its group of completions was made. */
  readonly inputs: HumanOmniCase;
  /** Log-probabilities of the completions' tokens under the reference model, packed. */
  readonly reference: Float32Array;
}

/** The quantities of one case folder: all of them, or those of the parts that are asked for. */
export async function humanOmniQuantities(
  tree: FileTree,
  gpu: Gpu,
  parts: readonly HumanOmniPart[] = ALL_PARTS,
): Promise<Quantity[]> {
  const asConfigured = await openCase(tree);
  const inputs = await asGroupWasMade(gpu, asConfigured);
  const compared = { gpu, asConfigured, inputs, reference: await referenceLogProbs(gpu, inputs) };
  const quantities: Quantity[] = [];
  for (const part of parts) quantities.push(...(await PARTS[part](compared)));
  return quantities;
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
      activation(
        name,
        OF_PROMPT.includes(name) ? values.subarray(0, expected.length) : values,
        expected,
        inputs.bounds,
      ),
    );
  }
  const media = Float32Array.from([...seen.get('video_tokens')!, ...seen.get('audio_tokens')!]);
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

async function grpoQuantities(gpu: Gpu, inputs: HumanOmniCase, reference: Float32Array): Promise<Quantity[]> {
  const { arrays, settings, bounds } = inputs;
  using policy = await load(gpu, inputs, EVERYTHING);
  using pass = await grpoPass(policy, inputs, reference, true);
  const seen = await pass.run();
  const quantities: Quantity[] = [];
  const config = grpoConfig(inputs);
  const { loss, kl } = lossMetrics(config, seen.get('loss')!) as { loss: number; kl: number };
  const logProbs = seen.get('logProbs')!;
  const ours = await storedGradients(policy, inputs, await openArrays(inputs.tree, 'grads_grpo.safetensors'));
  const [expectedLoss, expectedKl] = [Number(settings.grpo_loss), Number(settings.mean_kl)];
  const meanKl = Number.isFinite(kl) ? meanSequenceKl(inputs, logProbs, reference) : kl;
  quantities.push(
    await logProbability(arrays, 'logps', spread(logProbs, inputs), bounds),
    within('grpo_loss', loss, expectedLoss, bounds.grpoLoss(expectedLoss, config.beta), bounds),
    within('mean_kl', meanKl, expectedKl, bounds.kl(expectedKl), bounds),
  );
  if (ours) {
    const expected = Number(settings.grad_norm);
    quantities.push(
      ...ours.quantities,
      within('grad_norm', ours.norm, expected, bounds.gradientNorm(expected), bounds),
    );
  }
  return quantities;
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
    inputs,
    await openArrays(inputs.tree, 'grads_grpo.safetensors'),
    'gradient of separate rows',
  );
  const logProbs = spread(seen.get('logProbs')!, inputs);
  const logps = await logProbability(inputs.arrays, 'logps', logProbs, inputs.bounds);
  return [{ ...logps, name: 'logps of separate rows' }, ...(compared?.quantities ?? [])];
}
