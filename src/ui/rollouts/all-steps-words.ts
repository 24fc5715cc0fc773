/** What the search among all answers says, and what of it stands in the address. Pure. */
import { ANSWER_ORDERS, type AnswerFilter, type AnswerOrder } from '../../protocol/answer-search.ts';
import { shortened } from '../parts/shortened.ts';

export const ORDER_WORDS: Readonly<Record<AnswerOrder, { name: string; rising: string; falling: string }>> = {
  step: { name: 'step', rising: 'earliest first', falling: 'latest first' },
  reward: { name: 'reward', rising: 'lowest first', falling: 'highest first' },
  advantage: { name: 'advantage', rising: 'lowest first', falling: 'highest first' },
  kl: { name: 'KL', rising: 'nearest first', falling: 'furthest first' },
  length: { name: 'length', rising: 'shortest first', falling: 'longest first' },
};

/** The part of a search that the filters of a step do not have. */
export interface AllStepsAsked {
  readonly order: AnswerOrder;
  readonly rising: boolean;
}

const NUMBERS = new Intl.NumberFormat('en');
export const withCommas = (count: number): string => NUMBERS.format(count);

/** That nothing passes, of how many, and what was wanted of them. */
export function noneLine(filter: AnswerFilter, of: number): string {
  const wanted = [
    ...(filter.search === '' ? [] : [`holds “${shortened(filter.search)}”`]),
    ...(filter.label === undefined ? [] : [`is to a clip of “${shortened(filter.label)}”`]),
    ...(filter.wrongOnly ? ['is wrong'] : []),
    ...(filter.silentOnly ? ['is of a group without signal'] : []),
    ...(filter.cutOnly ? ['was cut short'] : []),
  ];
  if (wanted.length === 0) return 'The run has no answers yet.';
  const last = wanted.at(-1)!;
  const all = wanted.length === 1 ? last : `${wanted.slice(0, -1).join(', ')} and ${last}`;
  return `None of the run’s ${withCommas(of)} answers ${all}.`;
}

/** The search as the address says it: its filter and its order. */
export function allStepsAddress(
  filter: AnswerFilter,
  { order, rising }: AllStepsAsked,
): Record<string, string> {
  return {
    all: '1',
    ...(filter.search === '' ? {} : { search: filter.search }),
    ...(filter.label === undefined ? {} : { label: filter.label }),
    ...(filter.wrongOnly ? { wrong: '1' } : {}),
    ...(filter.silentOnly ? { silent: '1' } : {}),
    ...(filter.cutOnly ? { cut: '1' } : {}),
    ...(order === 'step' ? {} : { order }),
    ...(rising ? { rising: '1' } : {}),
  };
}

/** The filter that an address asks for. */
export function askedFilter(wanted: URLSearchParams): AnswerFilter {
  const label = wanted.get('label');
  return {
    search: wanted.get('search') ?? '',
    ...(label === null ? {} : { label }),
    wrongOnly: wanted.has('wrong'),
    silentOnly: wanted.has('silent'),
    cutOnly: wanted.has('cut'),
  };
}

export function askedOrder(wanted: URLSearchParams): AllStepsAsked {
  const order = ANSWER_ORDERS.find((each) => each === wanted.get('order')) ?? 'step';
  return { order, rising: wanted.has('rising') };
}
