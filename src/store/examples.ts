import type { DataSummary, ExampleInfo } from '../protocol/messages.ts';

const indices = new WeakMap<DataSummary, ReadonlyMap<string, ExampleInfo>>();

/** The clip of that id. Components ask on every event, so a data set's clips are indexed once. */
export function exampleOf(
  data: DataSummary | undefined,
  exampleId: string | undefined,
): ExampleInfo | undefined {
  if (!data || exampleId === undefined) return undefined;
  let index = indices.get(data);
  if (!index) {
    index = new Map(data.examples.map((example) => [example.id, example]));
    indices.set(data, index);
  }
  return index.get(exampleId);
}
