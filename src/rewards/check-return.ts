/** What a reward function returned, judged: it may be a program of the person, and whatever it says goes into numbers and files. */
import type { LoggedValue, RewardReturn } from './contract.ts';

/** Columns that a function may log for completions, metrics that it may log in a call, characters of a name and of a value. */
export const MOST_COLUMNS = 16;
export const MOST_METRICS = 32;
const MOST_NAME = 64;
export const MOST_CHARACTERS = 2000;

export interface CheckedReturn {
  readonly values: readonly (number | null)[];
  readonly metrics: ReadonlyMap<string, number>;
  readonly extras: ReadonlyMap<string, readonly LoggedValue[]>;
  /** What of its logs was left out, a sentence each. */
  readonly leftOut: readonly string[];
}

/** What the studio says of a function that cannot be used; it names the function. */
export class RewardFailure extends Error {}

/** @throws RewardFailure naming the function where its scores cannot be used */
export function checkReturn(name: string, count: number, returned: RewardReturn): CheckedReturn {
  const values = scoresOf(name, count, returned);
  const leftOut: string[] = [];
  const metrics = keep(returned.metrics, MOST_METRICS, (key, value) => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    leftOut.push(`log_metric("${key}") is ${show(value)}; expected a finite number.`);
    return undefined;
  });
  const extras = keep(returned.extras, MOST_COLUMNS, (key, column) => {
    if (Array.isArray(column) && column.length === count) return column.map(loggedValue);
    const found = Array.isArray(column) ? `${column.length} values` : show(column);
    leftOut.push(`log_extra("${key}") has ${found} for ${count} completions; expected one for each.`);
    return undefined;
  });
  leftOut.push(...surplus('log_metric', returned.metrics, MOST_METRICS));
  leftOut.push(...surplus('log_extra', returned.extras, MOST_COLUMNS));
  return { values, metrics, extras, leftOut };
}

function scoresOf(name: string, count: number, returned: RewardReturn): (number | null)[] {
  const values: unknown = returned?.values;
  if (!Array.isArray(values)) {
    throw new RewardFailure(
      `The reward ${name} returned ${show(values)}; expected a list of ${count} scores.`,
    );
  }
  if (values.length !== count) {
    throw new RewardFailure(
      `The reward ${name} returned ${values.length} scores for ${count} completions; expected one for each.`,
    );
  }
  return values.map((value: unknown, index) => {
    if (value === null || Number.isNaN(value)) return null;
    if (typeof value === 'boolean') return Number(value);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new RewardFailure(
      `The reward ${name} returned ${show(value)} for completion ${index + 1} of ${count}; expected a finite number or null.`,
    );
  });
}

const hasSoundName = (name: string): boolean =>
  name.trim() !== '' && name.length <= MOST_NAME && !/\p{C}/u.test(name);

/** The first so many of what was logged under names that can be shown, where `read` takes them. */
function keep<T>(
  logged: Readonly<Record<string, unknown>> | undefined,
  most: number,
  read: (name: string, value: unknown) => T | undefined,
): Map<string, T> {
  const kept = new Map<string, T>();
  for (const [name, value] of Object.entries(logged ?? {}).slice(0, most)) {
    const found = hasSoundName(name) ? read(name, value) : undefined;
    if (found !== undefined) kept.set(name, found);
  }
  return kept;
}

function surplus(call: string, logged: object | undefined, most: number): string[] {
  const names = Object.keys(logged ?? {});
  return [
    ...(names.length > most ? [`${call} was given ${names.length} names; ${most} are kept.`] : []),
    ...names
      .slice(0, most)
      .filter((name) => !hasSoundName(name))
      .map(
        (name) =>
          `${call}(${show(name)}): a name has 1 to ${MOST_NAME} characters, all of which can be shown.`,
      ),
  ];
}

/** A value as the table of completions keeps it: what is no single value becomes its JSON, and long texts are cut. */
function loggedValue(value: unknown): LoggedValue {
  if (value === null || value === undefined || typeof value === 'boolean') return value ?? null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

/** A value as a message shows it. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
