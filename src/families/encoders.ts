/** What of a model is on the device only while it is asked: its towers, and the encoder of the gate's text. */
import type { Gpu } from '../gpu/index.ts';
import { encodeGateText, HumanOmniEncoder } from './humanomni/encoder.ts';
import { Qwen2VlEncoder } from './qwen-vl/encoder.ts';
import type { ClipEncoder, EncoderSource } from './shared/clip-encoder.ts';

/** Loads the towers of a checkpoint. The caller closes them: training does without. */
export async function openEncoder(
  gpu: Gpu,
  { files, config }: EncoderSource,
  progress?: (doneBytes: number, totalBytes: number) => void,
): Promise<ClipEncoder> {
  if (config.family === 'HumanOmni') return HumanOmniEncoder.create(gpu, { files, config }, progress);
  return Qwen2VlEncoder.create(gpu, { files, config }, progress);
}

/** BERT's row [1, width] of the text that steers the gate; undefined for a model without a gate. */
export async function encodeQuestion(
  gpu: Gpu,
  { files, config }: EncoderSource,
  ids: readonly number[],
): Promise<Float32Array | undefined> {
  return config.family === 'HumanOmni' ? encodeGateText(gpu, { files, config }, ids) : undefined;
}
