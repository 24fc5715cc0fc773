import type { Field } from '../../../protocol/config.ts';
import { shortened } from '../../parts/shortened.ts';
import { writeNumber } from '../read-field.ts';

/** A setting's value in a line of text. */
export function valueText({ kind }: Pick<Field, 'kind'>, value: unknown): string {
  if (value === null) return 'off';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number') return writeNumber(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return 'none';
    if (kind !== 'structure') return value.map(String).join(', ');
    return value.map((each) => (each as { name?: string }).name ?? '?').join(', ');
  }
  const text = String(value);
  return text === '' ? 'empty' : shortened(text);
}
