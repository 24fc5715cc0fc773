/**
 * What a config.json may ask of a decoder that is not built here. To run such a model without it would give other numbers than it
 * was trained with, so it is refused by the name of the field.
 */
import { InputError } from '../math/errors.ts';
import { Fields, isJson, type Json } from './fields.ts';

/** Ways in which positions turn that need nothing beside theta and M-RoPE's sections. */
const ROPE_TYPES: readonly unknown[] = ['default', 'mrope'];

const ROPE_KEYS = ['rope_parameters', 'rope_scaling'] as const;

/** Fields that must be absent, null, false, 0 or empty. */
const MUST_BE_OFF: Readonly<Record<string, string>> = {
  quantization_config: 'weights that are quantised in the files (GPTQ, AWQ, bitsandbytes, FP8)',
  compression_config: 'weights that are compressed in the files',
  num_experts: 'a mixture of experts',
  num_local_experts: 'a mixture of experts',
  n_routed_experts: 'a mixture of experts',
  moe_intermediate_size: 'a mixture of experts',
  mlp_bias: 'biases in the MLP',
  attn_logit_softcapping: 'capped attention scores',
  final_logit_softcapping: 'capped logits',
  use_qk_norm: 'norms on queries and keys',
  qk_norm: 'norms on queries and keys',
  qk_layernorm: 'norms on queries and keys',
  attention_o_bias: 'a bias on the output of attention',
  is_encoder_decoder: 'an encoder beside the decoder',
  add_cross_attention: 'attention to an encoder',
  dual_chunk_attention_config: 'attention in chunks',
  attention_chunk_size: 'attention in chunks',
};

/** Fields that must be absent, null or true: Qwen2's queries, keys and values have biases. */
const MUST_BE_ON = ['attention_bias', 'qkv_bias', 'use_qkv_bias'];

const isOff = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === 0 ||
  (typeof value === 'object' && Object.keys(value).length === 0);

function refuse(label: string, key: string, value: unknown, what: string): never {
  const text = JSON.stringify(value) ?? String(value);
  const shown = text.length > 120 ? `${text.slice(0, 119)}…` : text;
  throw new InputError(`${label}: "${key}" is ${shown}: ${what}, which is not built here.`, {
    hint: 'Use a checkpoint without it: the numbers would be others than this model was trained with.',
  });
}

/** Throws an InputError naming the field that asks for what is not built here. */
export function refuseUnsupported(json: Json, label: string): void {
  const fields = new Fields(json, label);
  for (const [key, what] of Object.entries(MUST_BE_OFF)) {
    if (!isOff(json[key])) refuse(label, key, json[key], what);
  }
  for (const key of MUST_BE_ON) {
    if (fields.flag(key) === false) refuse(label, key, false, 'queries, keys and values without biases');
  }
  fields.choice('hidden_act', ['silu', 'swish'], 'silu');
  fields.choice('hidden_activation', ['silu', 'swish'], 'silu');
  refuseWindows(json, label);
  for (const key of ROPE_KEYS) refuseScaling(new Fields(json, label).object(key), label, key);
  const { partial_rotary_factor: turned = 1 } = json;
  if (turned !== 1 && turned !== null) {
    refuse(label, 'partial_rotary_factor', turned, 'heads of which only a part turns');
  }
}

/** `sliding_window` alone says nothing: Qwen2's configs name one and switch it off beside it. */
function refuseWindows(json: Json, label: string): void {
  const types = json.layer_types;
  if (Array.isArray(types)) {
    const other = types.find((type) => type !== 'full_attention');
    if (other !== undefined) refuse(label, 'layer_types', other, 'layers that do not attend to everything');
  }
  const uses = new Fields(json, label).flag('use_sliding_window') === true;
  const window = json.sliding_window;
  if (uses && window !== null && window !== 0 && window !== false && !isFullInAllLayers(json)) {
    refuse(label, 'use_sliding_window', true, 'attention in a sliding window');
  }
}

/** The first `max_window_layers` layers attend to everything even so. */
const isFullInAllLayers = ({ max_window_layers: full, num_hidden_layers: layers }: Json): boolean =>
  typeof full === 'number' && typeof layers === 'number' && full >= layers;

function refuseScaling(own: Json, label: string, key: string): void {
  const { type, rope_type = type, factor } = own;
  const isAsIs = factor === undefined || factor === null || factor === 1;
  for (const kind of [type, rope_type]) {
    if (kind === undefined || kind === null || ROPE_TYPES.includes(kind)) continue;
    // Positions that are divided by one are as they were.
    if (kind !== 'linear' || factor !== 1)
      refuse(label, key, own, `positions scaled by ${JSON.stringify(kind)}`);
  }
  if (!ROPE_TYPES.includes(rope_type) && !isAsIs) refuse(label, key, own, 'scaled positions');
  if (own.mrope_interleaved === true) refuse(label, key, own, 'interleaved M-RoPE');
  const part = own.partial_rotary_factor;
  if (part !== undefined && part !== null && part !== 1)
    refuse(label, key, own, 'heads of which only a part turns');
  // By kind of layer: an object for each.
  if (Object.values(own).some((value) => isJson(value)))
    refuse(label, key, own, 'positions by kind of layer');
}

/** What config.json says of rotary positions, in the object of either name; fields of the newer one come first. */
export function ropeObject(json: Json, label: string): Json {
  const [newer, older] = ROPE_KEYS.map((key) => new Fields(json, label).object(key));
  return { ...older, ...newer };
}
