/**
 * What a config.json may ask of a decoder that is not built here. To run such a model without it would give other numbers than it
 * was trained with, so it is refused by the name of the field.
 */
import { InputError } from '../math/errors.ts';
import { Fields, isJson, type Json } from './fields.ts';

/** Ways in which positions may turn. */
const ROPE_TYPES = ['default', 'mrope', 'linear', 'yarn'] as const;
type RopeKind = (typeof ROPE_TYPES)[number];
/** Those that take positions as they are. */
const UNSCALED: readonly unknown[] = ['default', 'mrope'];

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

/** Fields that say whether queries, keys and values have biases; absent or null is as the kind of decoder has it. */
const BIASES = ['attention_bias', 'qkv_bias', 'use_qkv_bias'];

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

/**
 * Throws an InputError naming the field that asks for what is not built here; `qkvBias`: whether queries, keys and values of this
 * kind of decoder have biases.
 */
export function refuseUnsupported(json: Json, label: string, qkvBias = true): void {
  const fields = new Fields(json, label);
  for (const [key, what] of Object.entries(MUST_BE_OFF)) {
    if (!isOff(json[key])) refuse(label, key, json[key], what);
  }
  for (const key of BIASES) {
    const said = fields.flag(key) ?? qkvBias;
    if (said === qkvBias) continue;
    refuse(label, key, said, said ? 'biases around attention' : 'queries, keys and values without biases');
  }
  fields.choice('hidden_act', ['silu', 'swish'], 'silu');
  fields.choice('hidden_activation', ['silu', 'swish'], 'silu');
  refuseWindows(json, label);
  const ropes = ROPE_KEYS.map((key) => ({ key, own: fields.object(key) }));
  for (const { key, own } of ropes) refuseScaling(own, label, key);
  const said = ropes.filter(({ own }) => Object.keys(own).length > 0).map(({ own }) => ropeKind(own));
  refuseDispute(said, label, ROPE_KEYS[1], ropes[1]!.own);
  refuseOtherNumbers(ropes[0]!.own, ropes[1]!.own, label);
  const { partial_rotary_factor: turned = 1 } = json;
  if (turned !== 1 && turned !== null) {
    refuse(label, 'partial_rotary_factor', turned, 'heads of which only a part turns');
  }
}

/** `sliding_window` alone says nothing: Qwen2's configs name one and switch it off beside it. Where `layer_types` is there, it decides. */
function refuseWindows(json: Json, label: string): void {
  const types = json.layer_types;
  if (Array.isArray(types)) {
    const other = types.find((type) => type !== 'full_attention');
    if (other !== undefined) refuse(label, 'layer_types', other, 'layers that do not attend to everything');
    return;
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

/** How positions turn, by the object that says it; 'default' where it does not. */
export const ropeKind = ({ rope_type, type }: Json): RopeKind =>
  ROPE_TYPES.find((kind) => kind === (rope_type ?? type)) ?? 'default';

function refuseScaling(own: Json, label: string, key: string): void {
  const { type, rope_type, factor } = own;
  const said = [type, rope_type].filter((kind) => kind !== undefined && kind !== null);
  const unknown = said.find((kind) => !ROPE_TYPES.some((known) => known === kind));
  if (unknown !== undefined) refuse(label, key, own, `positions scaled by ${JSON.stringify(unknown)}`);
  const isAsIs = factor === undefined || factor === null || factor === 1;
  if (said.length === 0 && !isAsIs) refuse(label, key, own, 'scaled positions');
  refuseDispute(said, label, key, own);
  if (own.mrope_interleaved === true) refuse(label, key, own, 'interleaved M-RoPE');
  const part = own.partial_rotary_factor;
  if (part !== undefined && part !== null && part !== 1)
    refuse(label, key, own, 'heads of which only a part turns');
  // By kind of layer: an object for each.
  if (Object.values(own).some((value) => isJson(value)))
    refuse(label, key, own, 'positions by kind of layer');
}

/** Throws an InputError where a config says in one place that positions are scaled, and in another that they are not, or otherwise. */
function refuseDispute(kinds: readonly unknown[], label: string, key: string, own: Json): void {
  const scaled = kinds.find((kind) => !UNSCALED.includes(kind));
  const other = kinds.find((kind) => kind !== scaled);
  if (scaled === undefined || other === undefined) return;
  refuse(
    label,
    key,
    own,
    `positions scaled by ${JSON.stringify(scaled)} and by ${JSON.stringify(other)} at once`,
  );
}

/** Throws an InputError where both objects have a field and it is not the same: releases of transformers differ in which one they take. */
function refuseOtherNumbers(newer: Json, older: Json, label: string): void {
  const isKind = (key: string): boolean => key === 'type' || key === 'rope_type';
  const key = Object.keys(older).find(
    (name) => !isKind(name) && (newer[name] ?? undefined) !== undefined && !isSame(older[name], newer[name]),
  );
  if (key === undefined) return;
  const what = `positions by another "${key}" than in "${ROPE_KEYS[0]}", ${JSON.stringify(newer[key])}`;
  refuse(label, ROPE_KEYS[1], older, what);
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What config.json says of rotary positions, in the object of either name; fields of the newer one come first. */
export function ropeObject(json: Json, label: string): Json {
  const [newer, older] = ROPE_KEYS.map((key) => new Fields(json, label).object(key));
  return { ...older, ...newer };
}
