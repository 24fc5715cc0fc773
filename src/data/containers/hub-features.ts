/** What the `datasets` library notes in a Parquet file of its columns. */
import { isRecord } from '../json-shapes.ts';

export interface Features {
  /** The word that a number stands for in a column of classes; undefined elsewhere. */
  wordOf(column: string, value: unknown): string | undefined;
}

/** `note`: {"info": {"features": {"label": {"names": ["angry", …], "_type": "ClassLabel"}}}}, as JSON. */
export function featuresOf(note: string | undefined): Features {
  const words = new Map(Object.entries(namedIn(note)));
  return {
    wordOf(column, value) {
      const names = words.get(column);
      return names && (typeof value === 'number' || typeof value === 'bigint')
        ? names[Number(value)]
        : undefined;
    },
  };
}

function namedIn(note: string | undefined): Record<string, readonly string[]> {
  let value: unknown;
  try {
    value = JSON.parse(note ?? '{}');
  } catch {
    return {};
  }
  const info = isRecord(value) ? value.info : undefined;
  const features = isRecord(info) && isRecord(info.features) ? info.features : {};
  return Object.fromEntries(
    Object.entries(features).flatMap(([column, feature]) => {
      const names = isRecord(feature) && feature._type === 'ClassLabel' ? feature.names : undefined;
      return Array.isArray(names) && names.every((name) => typeof name === 'string') ? [[column, names]] : [];
    }),
  );
}
