/** What training a HumanOmni case comes to: supervised gradients, optimizer steps, an adapter. */

import type { NamedArray } from '../../decoder/lora.ts';
import type { Gpu } from '../../gpu/index.ts';
import { LORA_LINEARS, linearPath, parseLoraTensorName } from '../../io/formats/peft.ts';
import { lossMetrics, nllMetrics } from '../../rl/objective/loss.ts';
import { adamwSteps } from './adamw-steps.ts';
import { openArrays, spread } from './group-case.ts';
import type { HumanOmniCase } from './humanomni-case.ts';
import { recordCase } from './humanomni-pass.ts';
import { EVERYTHING, grpoConfig, grpoPass, load, storedGradients } from './humanomni-policy.ts';
import { change, gradients, logProbability, type Quantity, within } from './quantity.ts';

/** Supervised: the first completion as the answer. */
export async function sftQuantities(gpu: Gpu, inputs: HumanOmniCase): Promise<Quantity[]> {
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
    inputs,
    await openArrays(inputs.tree, 'grads_sft.safetensors'),
    'SFT gradient',
  );
  const expected = Number(inputs.settings.sft_loss);
  const { bounds } = inputs;
  return [within('sft_loss', loss, expected, bounds.nll(expected), bounds), ...(compared?.quantities ?? [])];
}

interface AdamWCase {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly max_grad_norm: number;
  readonly loss_and_grad_norm_per_step: readonly (readonly [number, number])[];
}

export async function adamwQuantities(
  gpu: Gpu,
  inputs: HumanOmniCase,
  reference: Float32Array,
): Promise<Quantity[]> {
  const settings = inputs.settings.adamw as AdamWCase | undefined;
  const after = await openArrays(inputs.tree, 'after_3_adamw_steps.safetensors');
  if (!settings || !after) return [];
  using policy = await load(gpu, inputs, EVERYTHING);
  using pass = await grpoPass(policy, inputs, reference, true);
  const adamw = {
    learningRate: settings.lr,
    beta1: settings.betas[0],
    beta2: settings.betas[1],
    eps: settings.eps,
    weightDecay: settings.weight_decay,
    maxGradNorm: settings.max_grad_norm,
  };
  const expected = settings.loss_and_grad_norm_per_step;
  const quantities: Quantity[] = [];
  const { bounds } = inputs;
  const config = grpoConfig(inputs);
  const { beta } = config;
  const taken = await adamwSteps(gpu, { store: policy.store, pass }, adamw, expected.length);
  for (const [index, { seen, norm: measured }] of taken.entries()) {
    const [loss, norm] = expected[index]!;
    const found = lossMetrics(config, seen.get('loss')!).loss!;
    quantities.push(
      within(`adamw loss ${index}`, found, loss, bounds.stepLoss(loss, beta), bounds),
      within(`adamw gradient norm ${index}`, measured, norm, bounds.stepNorm(norm), bounds),
    );
  }
  return [...quantities, ...(await change(after, inputs.files.main.weights, policy.store, bounds))];
}

export async function loraQuantities(
  gpu: Gpu,
  inputs: HumanOmniCase,
  reference: Float32Array,
): Promise<Quantity[]> {
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
  const config = grpoConfig(inputs);
  const { loss } = lossMetrics(config, seen.get('loss')!) as { loss: number };
  const { bounds } = inputs;
  const expected = await openArrays(inputs.tree, 'lora/grads_grpo.safetensors');
  const toStore = (name: string): string => name.replace('base_model.model.', '');
  const compared =
    expected && (await gradients('LoRA gradient', expected, policy.store, { toStore, bounds }));
  return [
    await logProbability(inputs.arrays, 'lora_logps', spread(seen.get('logProbs')!, inputs), bounds),
    within(
      'lora grpo_loss',
      loss,
      settings.grpo_loss,
      bounds.grpoLoss(settings.grpo_loss, config.beta),
      bounds,
    ),
    ...(compared?.quantities ?? []),
  ];
}
