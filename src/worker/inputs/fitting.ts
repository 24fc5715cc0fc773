import type { Dataset, Example } from '../../data/types.ts';
import { mediaName } from '../../data/types.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import type { OpenModel } from './model.ts';

type AskedModel = Pick<OpenModel, 'clips' | 'files'>;

/** A data set without the rows that a model does not take. */
export interface Fitting {
  readonly data: Dataset;
  /** Why each of the others is left out, by id. */
  readonly refused: ReadonlyMap<string, DataIssue>;
}

/** Rows of text are for every model; what is shown or played only for one that takes it. */
export function fittingFor(model: AskedModel, data: Dataset): Fitting {
  const refused = new Map<string, DataIssue>();
  for (const example of data.examples) {
    const why = refusalOf(model, example);
    if (why === undefined) continue;
    refused.set(example.id, {
      reason: 'not for this model',
      ...(example.place ?? { file: mediaName(example) }),
      message: `${mediaName(example)}: ${why}`,
      hint: 'The row was left out of runs of this model; open a model that takes it to use it.',
    });
  }
  if (refused.size === 0) return { data, refused };
  const examples = data.examples.filter(({ id }) => !refused.has(id));
  return { data: { ...data, examples }, refused };
}

/** Why the model is not asked about what an example shows and plays; undefined: it is. */
function refusalOf({ clips, files }: AskedModel, { media }: Example): string | undefined {
  if (media.length === 0) return undefined;
  if (!clips) return `${files.family} is a language model, which sees and hears nothing.`;
  return clips.refuses(media.map(({ kind }) => kind));
}

/** Lets a data set pass of which the model takes a row. @throws InputError */
export function demandFitting({ files, clips }: AskedModel, { data, refused }: Fitting): void {
  const [first] = refused.values();
  if (data.examples.length > 0 || !first) return;
  const { name, family } = files;
  if (!clips) {
    throw new InputError(
      `${name} is a ${family}, a language model, which sees and hears nothing; ${data.name} is a set of clips.`,
      {
        hint: 'Open a data set of questions and answers (a .jsonl or .csv with "question" and "answer"), or a model that takes clips.',
      },
    );
  }
  throw new InputError(`${name} takes none of the ${refused.size} rows of ${data.name}. ${first.message}`, {
    hint: 'Open a model that takes what they show, or another data set.',
  });
}
