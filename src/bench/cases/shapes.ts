/** Shapes of the published models. Row counts are small, so that a software adapter on two cores is done in minutes. */

/** A linear layer y = x·Wᵀ of `rows` rows. */
export interface Linear {
  readonly name: string;
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Forward only. */
  readonly decoding?: boolean;
}

export interface DecoderShape {
  readonly name: string;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Of every norm. */
export const EPSILON = 1e-6;
/** Base of the rotary angles. */
export const THETA = 1e6;

export const QWEN: DecoderShape = {
  name: 'Qwen2.5-0.5B',
  hidden: 896,
  intermediate: 4864,
  heads: 14,
  kvHeads: 2,
  headDim: 64,
};
export const DEMO: DecoderShape = {
  name: 'demo',
  hidden: 64,
  intermediate: 128,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
};

/** Qwen2.5's vocabulary is 151,936: an eighth of it fits one binding of 128 MiB as f32. */
const HEAD_PART = 151_936 / 8;

export const LINEARS: readonly Linear[] = [
  { name: 'Qwen q, o', rows: 64, inputs: 896, outputs: 896 },
  { name: 'Qwen k, v', rows: 64, inputs: 896, outputs: 128 },
  { name: 'Qwen gate, up', rows: 32, inputs: 896, outputs: 4864 },
  { name: 'Qwen down', rows: 32, inputs: 4864, outputs: 896 },
  { name: 'SigLIP fc1', rows: 32, inputs: 768, outputs: 3072 },
  { name: 'Whisper fc2', rows: 16, inputs: 5120, outputs: 1280 },
  { name: 'demo gate, up', rows: 1664, inputs: 64, outputs: 128 },
  { name: 'Qwen gate, up', rows: 8, inputs: 896, outputs: 4864, decoding: true },
  { name: 'Qwen gate, up', rows: 1, inputs: 896, outputs: 4864, decoding: true },
  { name: 'Qwen head / 8', rows: 8, inputs: 896, outputs: HEAD_PART, decoding: true },
];
