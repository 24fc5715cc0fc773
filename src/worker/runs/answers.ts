/** `rollouts.jsonl`: one line per answer of every step. */
import { InputError } from '../../math/errors.ts';
import type { Completion, RolloutGroup } from '../../protocol/messages.ts';

export interface AnswerLine extends Completion {
  readonly step: number;
  readonly exampleId: string;
  readonly label: string;
  readonly question?: string;
  /** Place in its group, from 0. */
  readonly index: number;
  /** Its group had no signal and was sampled anew. */
  readonly leftOut?: true;
}

export function answerLines(step: number, groups: readonly RolloutGroup[]): AnswerLine[] {
  return groups.flatMap(({ completions, ...group }) =>
    completions.map((completion, index) => ({ step, ...group, index, ...completion })),
  );
}

/** The groups of one step's lines; a new group begins where places begin anew or the clip changes. */
export function groupsOfLines(lines: readonly AnswerLine[]): RolloutGroup[] {
  const groups: RolloutGroup[] = [];
  let before: AnswerLine | undefined;
  for (const line of lines) {
    const { step: _, exampleId, label, question, index, leftOut, ...completion } = line;
    const goesOn = before && before.exampleId === exampleId && before.index < index;
    if (!goesOn) {
      const asked = question === undefined ? {} : { question };
      groups.push({ exampleId, label, ...asked, completions: [], ...(leftOut ? { leftOut } : {}) });
    }
    groups.at(-1)?.completions.push(completion);
    before = line;
  }
  return groups;
}

/** What every line begins with. */
const BEGINNING = Uint8Array.from('{"step":', (letter) => letter.charCodeAt(0));
const [ZERO, COMMA] = [48, 44];

/** The step of an answer's line in bytes; undefined where it does not begin as one. */
export function stepOfBytes(line: Uint8Array): number | undefined {
  for (let i = 0; i < BEGINNING.length; i++) if (line[i] !== BEGINNING[i]) return undefined;
  let step = 0;
  for (let at = BEGINNING.length; ; at++) {
    const digit = (line[at] ?? COMMA) - ZERO;
    if (digit < 0 || digit > 9) return line[at] === COMMA && at > BEGINNING.length ? step : undefined;
    step = 10 * step + digit;
  }
}

/** Of a line, by kind. JSON has no NaN: numbers may have been written as null. */
const STRINGS = ['exampleId', 'label', 'text', 'rawText'];
const NUMBERS = ['total', 'advantage'];
const COUNTS = ['index', 'tokens'];

/** An answer as it was written. @throws InputError for another shape; hundreds of thousands are read, so no schema is */
export function readAnswer(value: Record<string, unknown>): AnswerLine {
  const { rewards, answer, meanKl, ended, question, extras, parts, leftOut } = value;
  const fits =
    STRINGS.every((key) => typeof value[key] === 'string') &&
    NUMBERS.every((key) => isNumber(value[key])) &&
    COUNTS.every((key) => Number.isSafeInteger(value[key])) &&
    (ended === 'eos' || ended === 'stop' || ended === 'length') &&
    (question === undefined || typeof question === 'string') &&
    (leftOut === undefined || leftOut === true) &&
    (answer === null || typeof answer === 'string') &&
    (meanKl === undefined || isNumber(meanKl)) &&
    typeof rewards === 'object' &&
    rewards !== null &&
    Object.values(rewards).every(isNumber) &&
    (extras === undefined || (typeof extras === 'object' && extras !== null)) &&
    (parts === undefined || (typeof parts === 'object' && parts !== null));
  if (!fits) throw new InputError('The line is not that of an answer.');
  const line = value as unknown as AnswerLine;
  const isWhole = parts === undefined || !Object.values(parts as object).includes(null);
  if (line.total !== null && line.advantage !== null && line.meanKl !== null && isWhole) return line;
  const { total, advantage } = line;
  const restored = { ...line, total: total ?? Number.NaN, advantage: advantage ?? Number.NaN };
  if (!isWhole) Object.assign(restored, { parts: withNaN(parts as object) });
  return meanKl === null ? { ...restored, meanKl: Number.NaN } : restored;
}

const withNaN = (numbers: object): object =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, value ?? Number.NaN]));

const isNumber = (value: unknown): boolean => value === null || typeof value === 'number';
