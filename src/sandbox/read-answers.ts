/** What comes out of a sandbox, read: a stranger wrote it. */
import { z } from 'zod';
import { InputError } from '../math/errors.ts';
import type { RewardReturn } from '../rewards/contract.ts';

const MOST_FUNCTIONS = 100;
const names = z.array(z.string().min(1).max(200));
const opened = z.object({ functions: names, tests: names });
/** Functions that can be rewards, in the order of the file; tests. */
export type Opened = z.infer<typeof opened>;

const other = z.object({ is: z.string().max(200) });
const scored = z.object({
  values: z.union([z.array(z.union([z.number(), z.null(), other])), other]),
  metrics: z.record(z.string(), z.unknown()),
  extras: z.record(z.string(), z.array(z.unknown())),
});

const unread = (): InputError =>
  new InputError('The sandbox answered with something else than was asked for.', {
    hint: 'The code changes what JSON or lists are: take that out.',
  });

/** @throws InputError */
export function readOpened(answer: unknown): Opened {
  const { success, data } = opened.safeParse(answer);
  if (!success) throw unread();
  for (const [what, { length }] of [
    ['functions that can be rewards', data.functions] as const,
    ['tests', data.tests] as const,
  ]) {
    if (length > MOST_FUNCTIONS)
      throw new InputError(`The file has ${length} ${what}; expected at most ${MOST_FUNCTIONS}.`, {
        hint: 'Export those alone that are meant; in Python, begin the names of the others with _.',
      });
  }
  return data;
}

/** @throws InputError where a value is no number; how many there are is the caller's to check */
export function readScored(answer: unknown, name: string, count: number): RewardReturn {
  const { success, data } = scored.safeParse(answer);
  if (!success) throw unread();
  const { values, metrics, extras } = data;
  if (!Array.isArray(values)) throw notNumbers(name, `found ${values.is}, expected a list of ${count}`);
  if (values.length !== count) throw notNumbers(name, `found ${values.length}, expected ${count}`);
  const numbers = values.map((value, index) => {
    if (value === null || typeof value === 'number') return value;
    throw notNumbers(name, `found ${value.is} for completion ${index + 1} of ${count}`);
  });
  return { values: numbers, metrics: metrics as Record<string, number>, extras };
}

const notNumbers = (name: string, found: string): InputError =>
  new InputError(`${name} has to return one number a completion, or none where it does not apply: ${found}.`);
