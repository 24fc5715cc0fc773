import type { DataIssue, DataSummary, LabelCount, SkipReason, Split } from '../protocol/messages.ts';
import { isNote } from '../protocol/messages.ts';
import { VIDEO_R1_TYPES } from '../text/recipes.ts';
import { taggedAnswer } from './entry/answers.ts';
import { groupBy } from './group-by.ts';
import { shownSpelling } from './labels.ts';
import { ownQuestions } from './questions.ts';
import { type Dataset, type Example, hasClip, mediaName } from './types.ts';

/** What of a data set no run uses. */
interface LeftOut {
  /** Clips that turned out to be so when they were opened. */
  readonly unreadable?: readonly DataIssue[];
  /** Rows that the model does not take, by id. */
  readonly refused?: ReadonlyMap<string, DataIssue> | undefined;
}

/** What the page shows of a data set. No count has what was left out. */
export function summarise(data: Dataset, { unreadable = [], refused }: LeftOut = {}): DataSummary {
  const { name, kind, examples, format, rows, division, folds } = data;
  const issues = [...data.issues, ...(refused?.values() ?? []), ...unreadable];
  const broken = new Set(unreadable.map(({ file }) => file));
  const isUsed = (example: Example) =>
    !refused?.has(example.id) && (!hasClip(example) || !broken.has(mediaName(example)));
  const used = examples.filter(isUsed);
  return {
    name,
    kind,
    format,
    count: used.length,
    rows,
    labels: labelCounts(used),
    splits: splitCounts(used),
    division,
    ...(folds ? { folds: { chosen: folds.chosen, available: [...folds.available] } } : {}),
    examples: examples.map((example) => {
      const { id, label, split, note, question } = example;
      return {
        id,
        path: hasClip(example) ? mediaName(example) : id,
        ...(question ? { question } : {}),
        label,
        split,
        ...(note === undefined ? {} : { note }),
        ...(isUsed(example) ? {} : { leftOut: true as const }),
      };
    }),
    // Rows that ask without a clip are asked what they ask.
    questions: ownQuestions(kind === 'clips' ? used : []),
    bareAnswers: used.filter(({ split, answer }) => split === 'train' && taggedAnswer(answer) === undefined)
      .length,
    typedRows: used.filter(isTyped).length,
    issues,
    skipped: reasonCounts(issues.filter((issue) => !isNote(issue))),
    reading: readingOf(data),
  };
}

const isTyped = ({ columns }: Example): boolean =>
  typeof columns?.problem_type === 'string' && Object.hasOwn(VIDEO_R1_TYPES, columns.problem_type);

const readingOf = ({
  lists = [],
  chosen = {},
  asks = [],
  answered = [],
}: Dataset): DataSummary['reading'] => ({
  lists: [...lists],
  chosen,
  asks: [...asks],
  answered: [...answered],
});

function splitCounts(examples: readonly Example[]): Record<Split, number> {
  const counts: Record<Split, number> = { train: 0, val: 0, test: 0 };
  for (const { split } of examples) counts[split] += 1;
  return counts;
}

function labelCounts(examples: readonly Example[]): LabelCount[] {
  const labels = [...groupBy(examples, ({ label }) => label)].map(([label, group]) => ({
    label,
    count: group.length,
    splits: splitCounts(group),
    writtenAs: [...new Set(group.map(({ writtenLabel }) => writtenLabel))]
      .filter((word) => word !== label)
      .map(shownSpelling),
  }));
  return labels.sort((a, b) => b.count - a.count);
}

function reasonCounts(issues: readonly DataIssue[]): { reason: SkipReason; count: number }[] {
  const counts = new Map<SkipReason, number>();
  for (const { reason } of issues) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}
