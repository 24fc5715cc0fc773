/** The worker that decodes clips, and nothing else: it can be ended while a demuxer goes round in a damaged one. */
import { InputError } from '../../math/errors.ts';
import { decodeClip } from '../../media/decode.ts';
import type { DecodeAnswer, DecodeRequest } from './decode-apart.ts';

/** Says at this pace that it is alive; a demuxer that never yields keeps it silent. */
const PULSE_MS = 1000;

async function answerTo({ file, name, options }: DecodeRequest): Promise<DecodeAnswer> {
  try {
    return { clip: await decodeClip(file, name, options) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { refused: { message: error.message, hint: error.hint } };
  }
}

/** What of a clip is handed over instead of copied; a frame that is chosen twice has its bytes once. */
function buffersOf(answer: DecodeAnswer): ArrayBuffer[] {
  if (!('clip' in answer)) return [];
  const { frames, waveform } = answer.clip;
  const arrays = [...frames.map(({ data }) => data), ...(waveform ? [waveform] : [])];
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
}

self.onmessage = async ({ data }: MessageEvent<DecodeRequest>) => {
  const pulse = setInterval(() => self.postMessage('alive'), PULSE_MS);
  const answer = await answerTo(data).finally(() => clearInterval(pulse));
  self.postMessage(answer, { transfer: buffersOf(answer) });
};
