/** The policies and passes that the quantities of a HumanOmni case are taken from. */
import type { Gpu } from '../../gpu/index.ts';
import { firstThatHas, type TensorSource } from '../../io/tensors/safetensors.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import { loadPolicy, type Policy, type PolicyOptions } from '../../rl/policy/policy.ts';
import type { CasePass } from './case-pass.ts';
import { openArrays, packedGroup, separateGroups, spread } from './group-case.ts';
import type { HumanOmniCase } from './humanomni-case.ts';
import { recordCase } from './humanomni-pass.ts';
import { type Gradients, gradients, holds, logProbability } from './quantity.ts';
import { RECORDED_LOSS } from './trl-config.ts';

export const EVERYTHING = {
  trainDecoder: true,
  trainProjectors: true,
  trainGate: true,
  trainBert: true,
} as const;
const NOTHING = { trainDecoder: false, trainProjectors: false, trainGate: false, trainBert: false } as const;

/** The case's model with nothing trained but what `options` say. */
export async function load(
  gpu: Gpu,
  inputs: HumanOmniCase,
  options: Partial<PolicyOptions>,
): Promise<Policy> {
  const maxPositions = inputs.prompt.ids.length + inputs.width + 64;
  return loadPolicy(gpu, inputs.files, { ...NOTHING, reference: false, seed: 0, maxPositions, ...options });
}

export function grpoConfig(inputs: HumanOmniCase): LossConfig {
  return { ...RECORDED_LOSS, lossType: 'grpo', beta: Number(inputs.settings.beta ?? 0) };
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
export async function asGroupWasMade(gpu: Gpu, inputs: HumanOmniCase): Promise<HumanOmniCase> {
  for (const candidate of [inputs, atVisionLayer(inputs, -1)]) {
    using policy = await load(gpu, candidate, {});
    const logProbs = await packedLogProbs(policy, candidate);
    if (holds(await logProbability(inputs.arrays, 'logps', spread(logProbs, inputs), inputs.bounds)))
      return candidate;
  }
  return inputs;
}

/** Log-probabilities of the completions' tokens under the reference model, packed. */
export async function referenceLogProbs(gpu: Gpu, inputs: HumanOmniCase): Promise<Float32Array> {
  const { files, tree } = inputs;
  const own = await openArrays(tree, 'reference.safetensors');
  // It shares the policy's towers, which may lie in the main file.
  const main = own ? { ...files.main, weights: firstThatHas([own, files.main.weights]) } : files.main;
  using policy = await load(gpu, { ...inputs, files: { ...files, main } }, {});
  return await packedLogProbs(policy, inputs);
}

async function packedLogProbs(policy: Policy, inputs: HumanOmniCase): Promise<Float32Array> {
  return (await runForward(policy, inputs)).get('logProbs')!;
}

/** What a forward pass over the packed group shows, by name. */
export async function runForward(
  policy: Policy,
  inputs: HumanOmniCase,
): Promise<ReadonlyMap<string, Float32Array>> {
  using pass = await recordCase(policy, policy.current, inputs, {
    groups: packedGroup(inputs),
    objective: 'nll',
    advantages: inputs.advantages,
    backward: false,
  });
  return await pass.run();
}

/** Forward and backward of the GRPO loss, over the packed group or over G full rows. */
export function grpoPass(
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

/** Compares every gradient of a file with the store's, and gives the norm over all of the store's. */
export async function storedGradients(
  policy: Policy,
  { bounds }: HumanOmniCase,
  expected: TensorSource | undefined,
  label = 'gradient',
): Promise<Gradients | undefined> {
  return expected && gradients(label, expected, policy.store, { bounds });
}
