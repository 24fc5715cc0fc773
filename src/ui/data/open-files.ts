/** Hands files to the studio: the model's to the model, the rest to the data. */
import { InputError } from '../../math/errors.ts';
import type { SourceFile } from '../../protocol/messages.ts';
import type { Studio } from '../../store/studio.ts';
import { sortFiles } from './dropped-files.ts';

export interface OpenPlan {
  model: SourceFile[];
  data: SourceFile[];
}

const CLIP = /\.(mp4|m4v|mov|mkv|webm|gif|wav|mp3|m4a|png|jpe?g)$/i;

/** Who gets which files. Files that look like neither go where the person is, which answers with a clear error. */
export function planFiles(files: readonly SourceFile[], screen: 'data' | 'model'): OpenPlan {
  const sorted = sortFiles(files);
  const looksLikeNeither = sorted.model.length === 0 && !files.some(({ path }) => CLIP.test(path));
  return screen === 'model' && looksLikeNeither ? { model: [...files], data: [] } : sorted;
}

/** Says that there was nothing in what was dropped or chosen. */
export function reportNothing(studio: Studio, screen: 'data' | 'model', name?: string): void {
  const expected = screen === 'model' ? "a model's files" : 'clips and their labels';
  const nothing = new InputError(`There is no file in ${name ?? 'what was given'}; expected ${expected}.`, {
    hint: 'Empty folders, hidden files and links have nothing to read: choose the folder that holds the files themselves.',
  });
  studio.report(nothing, screen === 'model' ? 'openModel' : 'openData');
}

export async function openFiles(studio: Studio, { model, data }: OpenPlan): Promise<void> {
  if (model.length > 0) await studio.openModel(model);
  if (data.length > 0) await studio.openData(data);
}
