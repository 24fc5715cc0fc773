/** The quantities of a preprocessing folder: log-mel spectrograms and pixels, by tfjs on our device. */
import type { Gpu } from '../../gpu/index.ts';
import { type FileTree, readJson } from '../../io/files/files.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';
import { logMel } from '../../media/log-mel.ts';
import { melFilterBank, quantisationSlack, WHISPER_STFT } from '../../media/mel.ts';
import { pixelsFromFrames } from '../../media/pixels.ts';
import { releaseTf, startTfOnDevice as startTf } from '../../media/tf-device.ts';
import { needArrays } from './arrays.ts';
import { LOG_MEL, PIXEL_LARGEST, PIXEL_MEAN } from './bounds.ts';
import { listOf, numberOf, recordList } from './loss-cases.ts';
import { activation, largestDifference, type Quantity } from './quantity.ts';

/** All quantities of one case folder. */
export async function preprocessQuantities(tree: FileTree, gpu: Gpu): Promise<Quantity[]> {
  const arrays = await needArrays(tree, 'case.safetensors');
  const settings = await readJson(tree, 'case.json');
  const label = `${tree.name}/case.json`;
  await startTf(gpu.device, gpu.info);
  try {
    const quantities = await filterQuantities(arrays);
    for (const [index, entry] of recordList(settings.audio ?? [], `${label}: audio`).entries()) {
      quantities.push(await logMelQuantity(arrays, index, entry, `${label}: audio[${index}]`));
    }
    for (const [index, entry] of recordList(settings.image ?? [], `${label}: image`).entries()) {
      quantities.push(...(await pixelQuantities(arrays, index, entry, `${label}: image[${index}]`)));
    }
    return quantities;
  } finally {
    releaseTf();
  }
}

async function filterQuantities(arrays: TensorSource): Promise<Quantity[]> {
  const names = arrays.names().filter((name) => name.startsWith('mel_filters.'));
  return Promise.all(
    names.map(async (name) => {
      const mels = arrays.info(name).shape[1]!;
      return activation(`mel filters ${mels}`, melFilterBank(mels), await arrays.float32(name));
    }),
  );
}

/** "0..63 and every 13th of 3000" → the columns kept; without such a sentence all are. */
function keptColumns(sentence: unknown, total: number, where: string): number[] {
  const all = Array.from({ length: total }, (_, t) => t);
  if (sentence === undefined) return all;
  const found = /^(\d+)\.\.(\d+) and every (\d+)(?:st|nd|rd|th) of \d+$/.exec(String(sentence));
  if (!found) {
    throw new InputError(
      `${where}: columns are "${String(sentence)}", expected "A..B and every Nth of TOTAL".`,
    );
  }
  const [first, last, every] = [Number(found[1]), Number(found[2]), Number(found[3])];
  return all.filter((t) => (t >= first && t <= last) || t % every === 0);
}

/**
 * The published spectrograms were made from samples that were then stored with 16 bits, so a value may differ by what
 * that rounding explains (see `quantisationSlack`); the bound is on what it does not explain.
 */
async function logMelQuantity(
  arrays: TensorSource,
  index: number,
  entry: Record<string, unknown>,
  where: string,
): Promise<Quantity> {
  const [mels, total] = listOf(entry.shape, `${where}: shape`).map((extent) =>
    numberOf(extent, `${where}: shape`),
  ) as [number, number];
  const stored = await arrays.integers(`audio.${index}.waveform_i16`);
  const waveform = Float32Array.from(stored, (value) => value / 32768);
  const found = await logMel(waveform, mels, { samples: total * WHISPER_STFT.hop });
  const columns = keptColumns(entry.columns, total, where);
  const reference = await arrays.float32(`audio.${index}.log_mel_columns`);
  const bank = melFilterBank(mels);
  let error = reference.length === mels * columns.length ? 0 : Number.NaN;
  for (let m = 0; m < mels; m++) {
    let filterSum = 0;
    for (let bin = m; bin < bank.length; bin += mels) filterSum += bank[bin]!;
    columns.forEach((t, column) => {
      const expected = reference[m * columns.length + column]!;
      const excess = Math.abs(found[m * total + t]! - expected) - quantisationSlack(expected, filterSum);
      error = Number.isNaN(excess) ? Number.NaN : Math.max(error, excess);
    });
  }
  const kind = entry.kind === undefined ? '' : ` ${String(entry.kind)}`;
  return { name: `log-mel ${index}${kind}, ${mels} mels, beyond 16-bit rounding`, error, bound: LOG_MEL };
}

async function pixelQuantities(
  arrays: TensorSource,
  index: number,
  entry: Record<string, unknown>,
  where: string,
): Promise<Quantity[]> {
  const tensor = `image.${index}.rgb_u8`;
  const [height, width] = arrays.info(tensor).shape as [number, number, number];
  const size = numberOf(entry.size, `${where}: size`);
  const data = await arrays.bytes(tensor);
  const fit = String(entry.pad ?? 'none').startsWith('square') ? 'pad' : 'squash';
  const found = await pixelsFromFrames([{ width, height, data }], size, { fit });
  const reference = await arrays.float32(`image.${index}.pixel_values`);
  const name = `pixels ${index} ${width}x${height} to ${size}`;
  const mean = found.reduce((sum, value, i) => sum + Math.abs(value - reference[i]!), 0) / reference.length;
  return [
    { name: `${name}, largest`, error: largestDifference(found, reference), bound: PIXEL_LARGEST },
    { name: `${name}, mean`, error: mean, bound: PIXEL_MEAN },
  ];
}
