/** Hands files to the studio: the model's to the model, the rest to the data. */
import { InputError } from '../../math/errors.ts';
import { isMedia } from '../../protocol/clip-types.ts';
import type { CommandType, SourceFile } from '../../protocol/messages.ts';
import type { Studio } from '../../store/studio.ts';
import { goTo } from '../address.ts';
import { sortFiles } from './dropped-files.ts';

export interface OpenPlan {
  model: SourceFile[];
  data: SourceFile[];
}

/** Who gets which files. Files that look like neither go where the person is, which answers with a clear error. */
export function planFiles(files: readonly SourceFile[], screen: 'data' | 'model'): OpenPlan {
  const sorted = sortFiles(files);
  const looksLikeNeither = sorted.model.length === 0 && !files.some(({ path }) => isMedia(path));
  return screen === 'model' && looksLikeNeither ? { model: [...files], data: [] } : sorted;
}

/** What files are opened as. */
export type OpenedAs = 'data' | 'model' | 'reward';

/** The command that a failure is shown for. */
export const ABOUT: Record<OpenedAs, CommandType> = {
  data: 'openData',
  model: 'openModel',
  reward: 'openRewardModel',
};

const EXPECTED: Record<OpenedAs, string> = {
  data: 'clips and their labels, or questions and answers',
  model: "a model's files",
  reward: 'the files of a classifier: config.json, tokenizer, *.safetensors',
};

/** Says that there was nothing in what was dropped or chosen. */
export function reportNothing(studio: Studio, as: OpenedAs, name?: string): void {
  const nothing = new InputError(
    `There is no file in ${name ?? 'what was given'}; expected ${EXPECTED[as]}.`,
    {
      hint: 'Empty folders, hidden files and links have nothing to read: choose the folder that holds the files themselves.',
    },
  );
  studio.report(nothing, ABOUT[as]);
}

/** Opens both where there are both: a model that is refused keeps no data from being opened. @throws the first refusal */
async function openFiles(studio: Studio, { model, data }: OpenPlan): Promise<void> {
  const opening = [
    ...(model.length > 0 ? [studio.ask('openModel', { files: model })] : []),
    ...(data.length > 0 ? [studio.openData(data)] : []),
  ];
  const results = await Promise.allSettled(opening);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Opens what was given on a screen as what it turns out to be, and goes to where that is shown. Returns what it was. */
export async function openGiven(
  studio: Studio,
  files: readonly SourceFile[],
  screen: 'data' | 'model',
  name?: string,
): Promise<OpenPlan | undefined> {
  if (files.length === 0) {
    goTo(screen);
    reportNothing(studio, screen, name);
    return undefined;
  }
  const plan = planFiles(files, screen);
  goTo(plan.data.length > 0 ? 'data' : 'model');
  try {
    await openFiles(studio, plan);
  } catch (error) {
    // Of two, the one that was refused is shown.
    const isRefused = (command: CommandType) =>
      studio.store.getState().problems.some((problem) => problem.command === command);
    if (isRefused('openModel') && !isRefused('openData')) goTo('model');
    throw error;
  }
  return plan;
}
