/** `--export PARTS`: what a command writes at the end of a run. */
import { InputError } from '../math/errors.ts';
import type { ExportParts } from '../protocol/messages.ts';

/** What each word asks for. */
const WORDS: Readonly<Record<string, Partial<ExportParts>>> = {
  merged: { merged: 'f32' },
  'merged=f32': { merged: 'f32' },
  'merged=bf16': { merged: 'bf16' },
  adapter: { adapter: true },
  checkpoint: { checkpoint: true },
  handoff: { handoff: true },
  'handoff=clips': { handoff: true, clips: true },
  metrics: { metrics: true },
  rollouts: { rollouts: true },
  predictions: { predictions: true },
  logs: { logs: true },
  report: { report: true },
  all: {
    ...{ merged: 'f32', adapter: true, checkpoint: true, handoff: true },
    metrics: true,
    rollouts: true,
    predictions: true,
    logs: true,
    report: true,
  },
  none: {},
};

/** Everything but the bundle for other trainers, which holds the weights once more. */
export const USUAL_PARTS: ExportParts = {
  ...{ merged: 'f32', adapter: true, checkpoint: true, handoff: false },
  ...{ metrics: true, rollouts: true, predictions: true, logs: true },
  report: true,
};
const NOTHING: ExportParts = {
  ...{ merged: null, adapter: false, checkpoint: false, handoff: false, metrics: false, rollouts: false },
};

/** The parts that a list of words names. @throws InputError */
export function exportParts(list: string | undefined): ExportParts {
  const words = (list ?? '').split(',').map((word) => word.trim());
  const unknown = words.find((word) => !Object.hasOwn(WORDS, word));
  if (list === undefined || unknown !== undefined) {
    const found = list === undefined ? 'nothing' : JSON.stringify(unknown);
    throw new InputError(`--export names ${found}; expected some of ${Object.keys(WORDS).join(', ')}.`, {
      hint: 'Part them by commas: --export handoff, or --export merged=bf16,adapter.',
    });
  }
  return Object.assign({ ...NOTHING }, ...words.map((word) => WORDS[word]));
}
