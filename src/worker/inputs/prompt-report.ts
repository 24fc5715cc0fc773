import { type Example, mediaName } from '../../data/types.ts';
import type { PromptReport } from '../../protocol/prompt-report.ts';
import type { RunPrompts } from '../../rl/prompts.ts';

/** What the prompts of these examples come to. */
export function promptReport(prompts: RunPrompts, examples: readonly Example[]): PromptReport {
  const asked = examples.filter(prompts.asks);
  const made = asked.map((example) => prompts.of(example));
  const lengths = made.map(({ longest }) => longest).sort((a, b) => a - b);
  const notes = new Map<string, number>();
  for (const prompt of made) for (const note of prompt.notes) notes.set(note, (notes.get(note) ?? 0) + 1);
  return {
    rows: examples.length,
    asked: asked.length,
    ...(lengths.length > 0
      ? {
          tokens: {
            shortest: lengths[0]!,
            median: lengths[Math.floor((lengths.length - 1) / 2)]!,
            longest: lengths.at(-1)!,
          },
        }
      : {}),
    limits: prompts.limits,
    tooLong: prompts.leftOut.flatMap(({ id, tokens }) => (tokens === undefined ? [] : { id, tokens })),
    refused: prompts.leftOut.flatMap(({ id, refused }) => (refused ? { id, ...refused } : [])),
    notes: [...notes].map(([note, rows]) => ({ note, rows })),
    repeated: repeatedIn(asked, prompts),
  };
}

/** Rows of one clip are few: another question, which a prompt of a fixed question may have overwritten. */
function repeatedIn(asked: readonly Example[], prompts: RunPrompts): PromptReport['repeated'] {
  const seen = new Map<string, Map<object, string>>();
  let [rows, contradicting] = [0, 0];
  for (const example of asked) {
    const name = mediaName(example);
    const labels = seen.get(name) ?? new Map<object, string>();
    seen.set(name, labels);
    const prompt = prompts.of(example);
    const label = labels.get(prompt);
    if (label === undefined) labels.set(prompt, example.label);
    else {
      rows++;
      if (label !== example.label) contradicting++;
    }
  }
  return { rows, contradicting };
}
