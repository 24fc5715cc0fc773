/** `--export PARTS`: what a command writes at the end of a run. */
import { InputError } from '../math/errors.ts';
import type { ExportParts } from '../protocol/messages.ts';

const PARTS = ['merged', 'adapter', 'checkpoint', 'handoff', 'metrics', 'rollouts'] as const;
/** Words for the merged weights, by their type. */
const MERGED = { merged: 'f32', 'merged=f32': 'f32', 'merged=bf16': 'bf16' } as const;
const WORDS = [...PARTS, 'merged=f32', 'merged=bf16', 'all', 'none'];

/** Everything but the bundle for other trainers, which holds the weights once more. */
export const USUAL_PARTS: ExportParts = {
  ...{ merged: 'f32', adapter: true, checkpoint: true, handoff: false, metrics: true, rollouts: true },
};
const NOTHING: ExportParts = {
  ...{ merged: null, adapter: false, checkpoint: false, handoff: false, metrics: false, rollouts: false },
};

/** The parts that a list of words names. @throws InputError */
export function exportParts(list: string | undefined): ExportParts {
  const words = (list ?? '').split(',').map((word) => word.trim());
  const unknown = words.find((word) => !WORDS.includes(word));
  if (list === undefined || unknown !== undefined) {
    const found = list === undefined ? 'nothing' : JSON.stringify(unknown);
    throw new InputError(`--export names ${found}; expected some of ${WORDS.join(', ')}.`, {
      hint: 'Part them by commas: --export handoff, or --export merged=bf16,adapter.',
    });
  }
  const parts = { ...NOTHING };
  for (const word of words) {
    if (word === 'all') Object.assign(parts, USUAL_PARTS, { handoff: true });
    else if (word !== 'none')
      Object.assign(parts, { [word.split('=')[0]!]: isMerged(word) ? MERGED[word] : true });
  }
  return parts;
}

function isMerged(word: string): word is keyof typeof MERGED {
  return Object.hasOwn(MERGED, word);
}
