import { randomU32 } from '../../math/random.ts';

const MANNERS = [
  'brave',
  'bright',
  'calm',
  'clever',
  'eager',
  'gentle',
  'happy',
  'keen',
  'lively',
  'lucky',
  'merry',
  'nimble',
  'patient',
  'quiet',
  'swift',
  'witty',
];
const ANIMALS = [
  'badger',
  'crane',
  'dolphin',
  'falcon',
  'finch',
  'fox',
  'gecko',
  'heron',
  'ibex',
  'lark',
  'lynx',
  'marten',
  'otter',
  'panda',
  'robin',
  'tapir',
];

/** A name of two words that people can tell runs apart by, and an id that no other run has: the name and the time. */
export function nameRun(createdAt: number): { id: string; name: string } {
  const word = (words: readonly string[], stream: number): string =>
    words[randomU32(stream, createdAt >>> 0, Math.floor(createdAt / 2 ** 32)) % words.length]!;
  const name = `${word(MANNERS, 1)}-${word(ANIMALS, 2)}`;
  return { id: `${name}-${createdAt.toString(36)}`, name };
}
