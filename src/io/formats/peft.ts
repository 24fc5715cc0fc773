import { InputError } from '../../math/errors.ts';

/** The seven linear layers of a decoder layer that an adapter may sit on, in PEFT's names. */
export const LORA_LINEARS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;

export type LoraLinear = (typeof LORA_LINEARS)[number];

/** One of the two small matrices: A is [rank, in], B is [out, rank]. */
export interface LoraTensor {
  readonly layer: number;
  readonly linear: LoraLinear;
  readonly matrix: 'A' | 'B';
}

export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  /** W is used as W + scale · B · A. */
  readonly scale: number;
  /** Of the decoder. */
  readonly linears: readonly LoraLinear[];
  readonly baseModel: string;
  /** Where a vision tower lies, all of whose linear layers have an adapter, too. */
  readonly tower?: Tower;
}

const PREFIX = 'base_model.model.';

function isLoraLinear(name: unknown): name is LoraLinear {
  return typeof name === 'string' && (LORA_LINEARS as readonly string[]).includes(name);
}

/** Module path of a linear inside the model: `model.layers.3.self_attn.q_proj`. */
export function linearPath(layer: number, linear: LoraLinear): string {
  const block = ['gate_proj', 'up_proj', 'down_proj'].includes(linear) ? 'mlp' : 'self_attn';
  return `model.layers.${layer}.${block}.${linear}`;
}

/**
 * Where the decoder's layers lie among a model's modules as PEFT meets them once transformers has loaded it: a plain language model
 * has them in `model`, Qwen2-VL and Qwen2.5-VL in `model.language_model`, whatever names the weights have in their files.
 */
export const DECODERS = ['model', 'model.language_model'] as const;

export type Decoder = (typeof DECODERS)[number];
/** Where the vision tower of a Qwen2-VL or Qwen2.5-VL lies among its modules; its files call it `visual`. */
export type Tower = 'model.visual';

/** Path of a linear among the modules of a loaded model. */
function modulePath(layer: number, linear: LoraLinear, decoder: Decoder): string {
  return decoder + linearPath(layer, linear).slice('model'.length);
}

/** Name of an adapter tensor in `adapter_model.safetensors`. */
export function loraTensorName({ layer, linear, matrix }: LoraTensor, decoder: Decoder): string {
  return `${PREFIX}${modulePath(layer, linear, decoder)}.lora_${matrix}.weight`;
}

/** Name in `adapter_model.safetensors` of a matrix that is `visual.…` or `model.…` by the published path of its layer. */
export function adapterTensorName(
  path: string,
  { decoder, tower }: { readonly decoder: Decoder; readonly tower?: Tower },
): string {
  const inModel = path.startsWith('visual.')
    ? `${tower}${path.slice('visual'.length)}`
    : `${decoder}${path.slice('model'.length)}`;
  return `${PREFIX}${inModel}`;
}

/** The inverse of loraTensorName, for a decoder in either place; undefined for any other name. */
export function parseLoraTensorName(name: string): LoraTensor | undefined {
  const found = /\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_([AB])\.weight$/.exec(name);
  if (!found || !isLoraLinear(found[2])) return undefined;
  const tensor: LoraTensor = {
    layer: Number(found[1]),
    linear: found[2],
    matrix: found[3] === 'A' ? 'A' : 'B',
  };
  return DECODERS.some((decoder) => loraTensorName(tensor, decoder) === name) ? tensor : undefined;
}

/**
 * A regex for exactly these linears of the decoder, wherever it may lie where several places are given. A plain list would
 * also match the towers' attention.
 */
export function targetRegex(linears: readonly LoraLinear[], ...decoders: readonly Decoder[]): string {
  const short = (block: readonly LoraLinear[]) =>
    block.filter((linear) => linears.includes(linear)).map((linear) => linear.slice(0, -'_proj'.length));
  const attention = short(['q_proj', 'k_proj', 'v_proj', 'o_proj']);
  const mlp = short(['gate_proj', 'up_proj', 'down_proj']);
  const blocks: string[] = [];
  if (attention.length > 0) blocks.push(`self_attn\\.(${attention.join('|')})_proj`);
  if (mlp.length > 0) blocks.push(`mlp\\.(${mlp.join('|')})_proj`);
  const places = decoders.map((decoder) => decoder.replaceAll('.', '\\.'));
  const place = places.length === 1 ? places[0] : `(${places.join('|')})`;
  return `${place}\\.layers\\.\\d+\\.(${blocks.join('|')})`;
}

/** A regex for all linear layers of a vision tower: each has one kind of MLP, and those of the other are not there. */
const towerRegex = (tower: Tower): string =>
  `${tower.replaceAll('.', '\\.')}\\.(blocks\\.\\d+\\.(attn\\.(qkv|proj)|mlp\\.(fc1|fc2|gate_proj|up_proj|down_proj))|merger\\.mlp\\.(0|2))`;

/** `adapter_config.json`: the small set of keys that every PEFT version knows. */
export function writeAdapterConfig(config: Omit<AdapterConfig, 'scale'>, decoder: Decoder): string {
  const json = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: config.baseModel,
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: 0,
    bias: 'none',
    target_modules: [
      ...(config.linears.length > 0 ? [targetRegex(config.linears, decoder)] : []),
      ...(config.tower ? [towerRegex(config.tower)] : []),
    ].join('|'),
    inference_mode: true,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Reads `adapter_config.json`. Settings that change the arithmetic and are not built here are refused by name. */
export function readAdapterConfig(json: Readonly<Record<string, unknown>>, label: string): AdapterConfig {
  const fail = (problem: string): never => {
    throw new InputError(`${label}: ${problem}.`, {
      hint: 'Export the adapter as plain LoRA on the linear layers.',
    });
  };
  if (json.peft_type !== 'LORA')
    return fail(`peft_type is ${JSON.stringify(json.peft_type)}, expected "LORA"`);
  const { r: rank, lora_alpha: alpha } = json;
  if (typeof rank !== 'number' || !Number.isInteger(rank) || rank < 1)
    return fail(`r is ${JSON.stringify(rank)}, expected 1 or more`);
  if (typeof alpha !== 'number') return fail(`lora_alpha is ${JSON.stringify(alpha)}, expected a number`);
  if (json.bias !== undefined && json.bias !== 'none')
    fail(`bias is ${JSON.stringify(json.bias)}, expected "none"`);
  for (const key of ['use_dora', 'fan_in_fan_out', 'lora_bias'])
    if (json[key] === true) fail(`${key} is not supported`);
  for (const key of ['rank_pattern', 'alpha_pattern']) {
    const pattern = json[key];
    if (typeof pattern === 'object' && pattern !== null && Object.keys(pattern).length > 0)
      fail(`${key} is not supported`);
  }
  const linears = targetedLinears(json.target_modules);
  const onTower = targetsTower(json.target_modules);
  if (linears.length === 0 && !onTower)
    return fail(
      `target_modules ${JSON.stringify(json.target_modules)} names none of ${LORA_LINEARS.join(', ')}`,
    );
  return {
    rank,
    alpha,
    scale: alpha / (json.use_rslora === true ? Math.sqrt(rank) : rank),
    linears,
    baseModel: typeof json.base_model_name_or_path === 'string' ? json.base_model_name_or_path : '',
  };
}

/** Whether a regex on module paths reaches into a vision tower. */
function targetsTower(target: unknown): boolean {
  if (typeof target !== 'string') return false;
  return compile(`^(?:${target})$`)?.test('model.visual.blocks.0.attn.qkv') ?? false;
}

/** Which linears `target_modules` (a list of names, or a regex on the whole module path) selects. */
function targetedLinears(target: unknown): LoraLinear[] {
  if (Array.isArray(target))
    return LORA_LINEARS.filter((linear) => target.some((name) => String(name).split('.').at(-1) === linear));
  if (typeof target !== 'string') return [];
  if (target === 'all-linear') return [...LORA_LINEARS];
  const pattern = compile(`^(?:${target})$`);
  return LORA_LINEARS.filter((linear) =>
    DECODERS.some((decoder) => pattern?.test(modulePath(0, linear, decoder))),
  );
}

function compile(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
