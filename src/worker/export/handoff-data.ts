/** The clips of a run as rows for other trainers. Paths are those of the data folder; the clips themselves are not copied. */
import { promptOrder } from '../../data/sampler.ts';
import type { Example } from '../../data/types.ts';
import { type FileToWrite, jsonFile, jsonlFile } from '../../io/file-to-write.ts';
import type { Config } from '../../protocol/config.ts';

/** What the rows of all trainers are made from. */
export interface HandoffData {
  /** Training clips in the order in which the epoch under way asks about them. */
  readonly train: readonly Example[];
  readonly evaluation: readonly Example[];
  /** The user's turn, media tags included. */
  readonly content: string;
  readonly dataSet: string;
}

/** Training clips as the sampler deals them in this epoch, and the held-out ones. */
export function handoffData(
  examples: readonly Example[],
  { config, epoch, ...words }: { config: Config; epoch: number; content: string; dataSet: string },
): HandoffData {
  const train = examples.filter(({ split }) => split === 'train');
  const order = train.length === 0 ? [] : promptOrder(train.length, config.seed, Math.floor(epoch));
  return {
    train: order.map((index) => train[index]!),
    evaluation: examples.filter(({ split }) => split !== 'train'),
    ...words,
  };
}

/** TRL: a chat and the columns that rewards read. */
export function trlData({ train, evaluation, content }: HandoffData): FileToWrite[] {
  const row = ({ path, label }: Example) => ({
    prompt: [{ role: 'user', content }],
    solution: label,
    video: path,
  });
  return [jsonlFile('data/train.jsonl', train.map(row)), jsonlFile('data/eval.jsonl', evaluation.map(row))];
}

/** R1-Omni: conversations; media tags stand before the question. */
export function r1OmniData({ train, evaluation, content }: HandoffData): FileToWrite[] {
  const question = content
    .replaceAll(/<\/?(?:vi|au|im)_(?:start|end)>|<\|\w+\|>|<(?:video|audio|image)>/g, '')
    .trim();
  const row = ({ path, label }: Example) => ({
    video: path,
    conversations: [
      { from: 'human', value: `<video>\n<audio>\n${question}` },
      { from: 'gpt', value: label },
    ],
  });
  return [jsonFile('r1omni/train.json', train.map(row)), jsonFile('r1omni/eval.json', evaluation.map(row))];
}

/** verl: the columns of its Parquet files, to be converted by to_parquet.py. */
export function verlData({ train, evaluation, content, dataSet }: HandoffData): FileToWrite[] {
  const row = (split: string) => (example: Example, index: number) => ({
    data_source: dataSet,
    prompt: [{ role: 'user', content }],
    videos: [example.path],
    ability: 'emotion',
    reward_model: { style: 'rule', ground_truth: example.label },
    extra_info: { split, index },
  });
  return [
    jsonlFile('verl/train.jsonl', train.map(row('train'))),
    jsonlFile('verl/val.jsonl', evaluation.map(row('val'))),
  ];
}
