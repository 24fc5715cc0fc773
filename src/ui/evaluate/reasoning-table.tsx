/** How far thinking and answers agree, as a reward model of the run reads the thinking. */
import { useId } from 'react';
import { formatPercent } from '../../math/format.ts';
import type { ClosedEval } from '../../protocol/messages.ts';
import { points } from './scores.ts';

const MEASURES = [
  { key: 'eea', name: 'EEA', words: 'the thinking shows the right label' },
  { key: 'epc', name: 'EPC', words: 'thinking and answer say the same label' },
  { key: 'fcr', name: 'FCR', words: 'both are right' },
] as const;

interface ReasoningProps {
  now: ClosedEval;
  before?: ClosedEval;
}

/** `before` counts where the same model read the thinking. */
export function ReasoningTable({ now: { reasoning }, before }: ReasoningProps) {
  const id = useId();
  if (!reasoning) return null;
  const earlier = before?.reasoning?.judge === reasoning.judge ? before.reasoning : undefined;
  return (
    <div className="scrolls" data-testid="reasoning">
      <p id={id} className="muted">
        Thinking and answer, as {reasoning.judge} reads the thinking of {reasoning.n}: another model would
        read it otherwise.
      </p>
      <table className="score-table number" aria-describedby={id}>
        <thead>
          <tr>
            <th scope="col">measure</th>
            <th scope="col">share of answers where</th>
            <th scope="col">share</th>
            {earlier && <th scope="col">before</th>}
            {earlier && <th scope="col">change</th>}
          </tr>
        </thead>
        <tbody>
          {MEASURES.map(({ key, name, words }) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              <td>{words}</td>
              <td>{formatPercent(reasoning[key])}</td>
              {earlier && <td>{formatPercent(earlier[key])}</td>}
              {earlier && <td>{points(reasoning[key] - earlier[key])}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
