/** What a step's completions and their rows come to for rewards. Pure. */
import type { Example } from '../../data/types.ts';
import type { ChatMessage, RewardBatch, TrainerState } from '../../rewards/contract.ts';
import type { Chat } from '../../text/encode-prompt.ts';
import { questionOf, turnsOf } from '../../text/turns.ts';

/** What rewards are told of a row. */
export interface RewardRow {
  readonly prompt: readonly ChatMessage[];
  readonly columns: Readonly<Record<string, unknown>>;
}

/** Names that a call gives to other things: TRL hands over no columns of these names either. */
const TAKEN: ReadonlySet<string> = new Set([
  ...(['prompt', 'prompts', 'completion', 'completions', 'completion_ids'] as const),
  ...(['trainer_state', 'environments', 'log_extra', 'log_metric'] as const),
]);

/** Columns as the data writes them, with what the studio read of the row where there is none of such a name. */
export function rewardRow(chat: Chat, example: Example): RewardRow {
  const { id, label, answer, question, split, columns = {} } = example;
  const own = Object.entries(columns).filter(([name]) => !TAKEN.has(name));
  return {
    prompt: shownTurns(chat, example),
    columns: { id, label, solution: label, answer, question, split, ...Object.fromEntries(own) },
  };
}

/** The chat in words; what is shown and played comes as parts before the first turn of the user. */
function shownTurns(chat: Chat, { media }: Example): ChatMessage[] {
  const turns = turnsOf(chat).map(({ role, content }) => ({ role, content: questionOf(content) }));
  const first = media.length === 0 ? -1 : turns.findIndex(({ role }) => role === 'user');
  const shown = media.map(({ kind }) => ({ type: kind }));
  return turns.map(({ role, content }, index) =>
    index === first ? { role, content: [...shown, { type: 'text', text: content }] } : { role, content },
  );
}

/** One completion of a group. */
interface Answered {
  readonly text: string;
  readonly ids: ArrayLike<number>;
}

/** An example of a step; where its row is not known, its label is all there is. */
interface Asked {
  readonly label: string;
  readonly row?: RewardRow;
}

/** The call of a step: completions group after group, and what belongs to each of them. */
export function rewardBatch(
  examples: readonly Asked[],
  groups: readonly (readonly Answered[])[],
  trainer_state: TrainerState,
): RewardBatch {
  const rows = groups.flatMap((group, index) => group.map(() => examples[index]!));
  const told = rows.map(({ row }) => row ?? { prompt: [], columns: {} as RewardRow['columns'] });
  const names = new Set(examples.flatMap(({ row }) => Object.keys(row?.columns ?? {})));
  const column = (name: string) => told.map(({ columns }) => columns[name] ?? null);
  const all = groups.flat();
  return {
    prompts: told.map(({ prompt }) => prompt),
    completions: all.map(({ text }) => text),
    completion_ids: all.map(({ ids }) => Array.from(ids)),
    columns: Object.fromEntries([...names].map((name) => [name, column(name)])),
    labels: rows.map(({ label }) => label),
    trainer_state,
  };
}
