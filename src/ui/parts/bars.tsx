/** A list of names with amounts as bars: labels by count, parts by size. */
import type { ReactNode } from 'react';

export interface Bar {
  name: string;
  value: number;
  /** Shown after the bar; the value itself when absent. */
  text?: string;
  note?: ReactNode;
}

export function Bars({ bars, caption }: { bars: readonly Bar[]; caption: string }) {
  const largest = Math.max(...bars.map(({ value }) => value), 1);
  return (
    <table className="bars">
      <caption className="sr-only">{caption}</caption>
      <tbody>
        {bars.map(({ name, value, text, note }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="number">{text ?? value}</td>
            <td className="bar-cell">
              <span className="bar" style={{ inlineSize: `${(100 * value) / largest}%` }} />
            </td>
            <td className="muted">{note}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
