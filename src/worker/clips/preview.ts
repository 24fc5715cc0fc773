import type { ClipExample, Example } from '../../data/types.ts';
import type { ClipRecipe, Pictures, RunPrompt } from '../../families/api.ts';
import { missingAudio } from '../../media/types.ts';
import type { Preview } from '../../protocol/messages.ts';
import { decodeForPreview } from './clips.ts';
import { decodeMedia } from './decoded.ts';

/** Peaks shown of a waveform, and columns shown of a spectrogram, at most. */
const PEAKS = 1000;
const COLUMNS = 600;
/** Samples per column of the log-mel spectrogram. */
const HOP = 160;

/** What the model gets of one clip, for people to look at. @throws InputError naming the clip */
export async function makePreview(
  example: ClipExample,
  recipe: ClipRecipe,
  prompt: RunPrompt,
): Promise<Preview> {
  const media = await decodeMedia(example, recipe, decodeForPreview);
  const pictures = await recipe.pictures(media);
  const sound = await recipe.hear?.(media);
  const waveform = media.map(({ clip }) => clip.waveform).find((samples) => samples !== null);
  const shown = recipe.shown && pictures.map(recipe.shown);
  const seconds = media.filter(({ kind }) => kind !== 'image').map(({ clip }) => clip.durationSeconds);
  return {
    exampleId: example.id,
    frames: (await Promise.all(pictures.map(framesOf))).flat(),
    waveform: waveform ? peaks(waveform, PEAKS) : new Float32Array(0),
    logMel: sound
      ? heard(sound.values, sound.melBins, (waveform ?? missingAudio()).length)
      : { mels: 0, columns: 0, values: new Float32Array(0) },
    prompt: prompt.rendered,
    tokens: prompt.tokensOf(shown).ids.length,
    ...(seconds.length > 0 ? { seconds: Math.max(...seconds) } : {}),
  };
}

/** What the model gets of a question that is about no clip. */
export function questionPreview({ id, answer }: Example, prompt: RunPrompt): Preview {
  return {
    ...{ exampleId: id, frames: [], waveform: new Float32Array(0), answer },
    logMel: { mels: 0, columns: 0, values: new Float32Array(0) },
    prompt: prompt.rendered,
    tokens: prompt.longest,
  };
}

/** Normalised values back to pictures. */
function framesOf({ values, frames, height, width, mean, std }: Pictures): Promise<ImageBitmap[]> {
  const area = height * width;
  const pictures = Array.from({ length: frames }, (_, frame) => {
    const image = new ImageData(width, height);
    for (let i = 0; i < area; i++) {
      for (let channel = 0; channel < 3; channel++) {
        const value = values[(3 * frame + channel) * area + i]!;
        image.data[4 * i + channel] = Math.round((value * std[channel]! + mean[channel]!) * 255);
      }
      image.data[4 * i + 3] = 255;
    }
    return createImageBitmap(image);
  });
  return Promise.all(pictures);
}

/** Of each of `count` equal stretches the value furthest from zero, kept inside [-1, 1]. */
function peaks(waveform: Float32Array, count: number): Float32Array {
  const buckets = Math.min(count, waveform.length);
  return Float32Array.from({ length: buckets }, (_, bucket) => {
    const start = Math.floor((bucket * waveform.length) / buckets);
    const end = Math.floor(((bucket + 1) * waveform.length) / buckets);
    let peak = 0;
    for (let i = start; i < end; i++) if (Math.abs(waveform[i]!) > Math.abs(peak)) peak = waveform[i]!;
    return Math.max(-1, Math.min(1, peak));
  });
}

/** The columns that hold sound, thinned to what a screen can show; the padding after them is left out. */
function heard(values: Float32Array, mels: number, samples: number): Preview['logMel'] {
  const all = values.length / mels;
  const sounding = Math.max(1, Math.min(all, Math.ceil(samples / HOP)));
  const columns = Math.min(COLUMNS, sounding);
  const shown = new Float32Array(mels * columns);
  for (let mel = 0; mel < mels; mel++) {
    for (let column = 0; column < columns; column++) {
      const from = Math.floor((column * sounding) / columns);
      shown[mel * columns + column] = values[mel * all + from]!;
    }
  }
  return { mels, columns, values: shown };
}
