import type { DataSummary, Split } from '../protocol/messages.ts';
import type { Dataset } from './types.ts';

/** What the page shows of a data set. Labels by count, most first. */
export function summarise({ examples, issues }: Dataset): DataSummary {
  const counts = new Map<string, number>();
  const splits: Record<Split, number> = { train: 0, val: 0, test: 0 };
  for (const { label, split } of examples) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    splits[split] += 1;
  }
  return {
    count: examples.length,
    labels: [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count),
    splits,
    examples: examples.map(({ id, path, label, split }) => ({ id, path, label, split })),
    issues: [...issues],
  };
}
