/** The examples of a run as rows for other trainers, and the clips themselves. Paths are those of the data folder. */
import type { SamplerState } from '../../data/sampler.ts';
import type { Example } from '../../data/types.ts';
import type { RunPrompt } from '../../families/api.ts';
import type { FileEntry } from '../../io/files/files.ts';
import { reading } from '../../io/files/unreadable.ts';
import { blobFile, type FileToWrite, inFolder, jsonFile, jsonlFile } from '../../io/writing/file-to-write.ts';
import { isWhole } from '../../media/part.ts';
import type { Config } from '../../protocol/config.ts';
import { isRewardName, REWARDS } from '../../rewards/index.ts';
import { rewardRow } from '../../rl/objective/reward-batch.ts';
import { questionOf, turnsOf } from '../../text/turns.ts';

/** Rows of deals at most. A run that has more steps left goes through these again. */
export const MOST_DEALS = 100_000;

/** What the rows of all trainers are made from. */
export interface HandoffData {
  /** Every training clip, and as many over again as one step asks about; in the order of the first epoch. */
  readonly train: readonly Example[];
  /** The clips of the steps to come, in the order in which the studio would ask about them. */
  readonly next: readonly Example[];
  readonly evaluation: readonly Example[];
  /** What is asked, media tags included. */
  readonly promptOf: (example: Example) => RunPrompt;
  readonly dataSet: string;
}

/** Training rows in the order of a run. */
export interface DealtRows {
  /** Those that can be used, as far as is known. */
  readonly usable: readonly Example[];
  /** Where the next step takes its rows. */
  readonly next: SamplerState;
  /** So many from a place in the order on. */
  dealFrom(state: SamplerState, count: number): Example[];
}

/** Training clips as the sampler deals them, and the held-out ones. */
export function handoffData(
  examples: readonly Example[],
  {
    rows,
    config,
    step,
    ...words
  }: { rows: DealtRows; config: Config; step: number } & Pick<HandoffData, 'promptOf' | 'dataSet'>,
): HandoffData {
  const { promptsPerStep } = config;
  const clips = rows.usable.length;
  const deal = (state: SamplerState, count: number) => (clips === 0 ? [] : rows.dealFrom(state, count));
  return {
    train: deal({ epoch: 0, index: 0 }, Math.max(clips, promptsPerStep)),
    next: deal(rows.next, stepsToDeal(config, step, clips) * promptsPerStep),
    evaluation: examples.filter(({ split }) => split !== 'train'),
    ...words,
  };
}

/** Steps whose clips are written: all that are left, and of a finished run as many as see every clip, should it be gone on with. */
function stepsToDeal(
  { steps, promptsPerStep }: Pick<Config, 'steps' | 'promptsPerStep'>,
  step: number,
  clips: number,
): number {
  const left = steps > step ? steps - step : Math.ceil(clips / promptsPerStep);
  return Math.min(left, Math.max(1, Math.floor(MOST_DEALS / promptsPerStep)));
}

/** `media/…`: every clip that a row names, under its path in the data folder. They are read when they are written. */
export function clipFiles({ train, evaluation }: HandoffData): FileToWrite[] {
  const entries = [...train, ...evaluation].flatMap(({ media }) => media.flatMap(({ files }) => files));
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  return inFolder('media', [...byPath.values()].map(copyOf));
}

/** A file as it lies in a folder; it is read when it is written. */
export function copyOf({ path, size = 0, blob }: FileEntry): FileToWrite {
  return {
    path,
    bytes: size,
    async *pieces() {
      yield* blobFile(path, await reading(path, blob)).pieces();
    },
  };
}

/** What the chosen rewards of the studio read of a row beside its right answer. */
export function columnsRead(rewards: Config['rewards'], { columns = {} }: Example): object {
  const read = rewards.map((name) => (isRewardName(name) ? REWARDS[name].columns?.(columns) : undefined));
  return Object.assign({}, ...read) as object;
}

/** TRL: a chat and the columns that rewards read; `withColumns`: those of the data, too, for rewards of the person's own. */
export function trlData(
  { train, next, evaluation, promptOf }: HandoffData,
  rewards: Config['rewards'],
  withColumns = false,
): FileToWrite[] {
  const row = (example: Example) => ({
    ...(withColumns ? rewardRow(promptOf(example), example).columns : {}),
    ...trlRow(example, promptOf),
    solution: example.label,
    ...columnsRead(rewards, example),
  });
  return [
    jsonlFile('data/train.jsonl', train.map(row)),
    jsonlFile('data/next.jsonl', next.map(row)),
    jsonlFile('data/eval.jsonl', evaluation.map(row)),
  ];
}

/** What is asked about an example, what it shows and plays, and what the gate reads where there is one. */
export function trlRow(example: Example, promptOf: HandoffData['promptOf']): object {
  const prompt = promptOf(example);
  const { gateIds } = prompt;
  return {
    ...asked(prompt),
    ...mediaColumns(example),
    ...(gateIds.length > 0 ? { question_ids: gateIds } : {}),
  };
}

/** A prompt as a chat before the template, and what the template is told beside it. */
function asked(prompt: RunPrompt): object {
  const { variables } = prompt;
  return { prompt: turnsOf(prompt), ...(variables ? { chat_template_kwargs: variables } : {}) };
}

/** What a row shows and plays, in a column by its kind: one path, or several in `images`, `videos`; a part by its seconds. */
function mediaColumns({ media }: Example): object {
  const columns = (['video', 'image', 'audio'] as const).map((kind) => {
    const paths = media.filter((medium) => medium.kind === kind).map(({ path }) => path);
    if (paths.length === 0) return {};
    return paths.length === 1 ? { [kind]: paths[0] } : { [kind === 'audio' ? kind : `${kind}s`]: paths };
  });
  const { start, end } = media.find((medium) => !isWhole(medium)) ?? {};
  const part = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
  return Object.assign(part, ...columns) as object;
}

/** Whether R1-Omni's trainer can be given a row: it shows one whole video each. */
export const isForR1Omni = ({ media: [first, ...more] }: Example): boolean =>
  first?.kind === 'video' && more.length === 0 && isWhole(first);

/** R1-Omni: conversations; media tags stand before the question. Rows that are not one whole video are left out. */
export function r1OmniData(data: HandoffData): FileToWrite[] {
  const { promptOf } = data;
  const [train, evaluation] = [data.train.filter(isForR1Omni), data.evaluation.filter(isForR1Omni)];
  const row = (example: Example) => ({
    video: example.media[0]?.path,
    conversations: [
      { from: 'human', value: `<video>\n<audio>\n${questionOf(promptOf(example).content)}` },
      { from: 'gpt', value: example.label },
    ],
  });
  return [jsonFile('r1omni/train.json', train.map(row)), jsonFile('r1omni/eval.json', evaluation.map(row))];
}
