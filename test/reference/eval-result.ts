/** Evaluations as the worker would report them, out of labels and texts. */
import { defaultConfig } from '../../src/protocol/config.ts';
import type { ClosedEval, OpenEval } from '../../src/protocol/messages.ts';
import type { ScoredRow } from '../../src/rl/measure/row-kinds.ts';
import { passRates, readClip, scoreClips } from '../../src/rl/measure/score-clips.ts';
import { readRow, scoreRows } from '../../src/rl/measure/score-rows.ts';

export const tagged = (answer: string): string => `<think>so</think><answer>${answer}</answer>`;

/** An evaluation of clips `clip-0`, `clip-1` …, each given by its label and the texts of its answers. */
export function evalResult(
  clips: readonly { label: string; texts: readonly string[] }[],
  labels: readonly string[],
  over: Partial<ClosedEval> = {},
): ClosedEval {
  const read = clips.map(({ label, texts }, i) => readClip({ id: `clip-${i}`, label }, texts, labels));
  const samples = clips[0]?.texts.length ?? 1;
  const sampled = { sampled: { samples, temperature: 1 }, passAtK: passRates(read, samples) };
  return {
    split: 'test',
    step: 0,
    ...(samples > 1 ? sampled : {}),
    ...scoreClips(read, labels, 1),
    ...over,
  };
}

/** Greedy answers in tags to as many clips. */
export function greedyEval(
  truth: readonly string[],
  answers: readonly string[],
  over: Partial<ClosedEval> = {},
): ClosedEval {
  const clips = truth.map((label, i) => ({ label, texts: [tagged(answers[i]!)] }));
  return evalResult(clips, [...new Set(truth)].sort(), over);
}

export type OpenRow = Partial<ScoredRow> & { gold: string; said: readonly string[] };

/** An evaluation of rows that are scored by their kinds, `clip-0`, `clip-1` …; exactly unless said. */
export function openEval(rows: readonly OpenRow[], over: Partial<OpenEval> = {}): OpenEval {
  const read = rows.map(({ kind = 'exact', options = [], gold, said }, i) =>
    readRow(
      `clip-${i}`,
      { kind, options, gold },
      said.map((answer) => ({ text: tagged(answer), tokens: 5 })),
      { ...defaultConfig(), maxCompletionLength: 64 },
    ),
  );
  return { split: 'test', step: 0, ...scoreRows(read, 1), ...over };
}
