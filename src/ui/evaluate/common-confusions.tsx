/** The commonest confusions, where there are too many labels for a table of all. */

import type { ClosedEval } from '../../protocol/messages.ts';
import { useWords } from '../parts/use-words.ts';
import { commonConfusions, isSameCell, type Selection } from './scores.ts';

const SHOWN = 20;

interface ConfusionsProps {
  result: ClosedEval;
  selection: Selection | undefined;
  select: (selection: Selection) => void;
}

export function CommonConfusions({ result, selection, select }: ConfusionsProps) {
  const words = useWords();
  const pairs = commonConfusions(result, SHOWN);
  return (
    <table data-testid="common-confusions">
      <thead>
        <tr>
          <th scope="col">truth</th>
          <th scope="col">answer</th>
          <th scope="col" className="right">
            {words('clips')}
          </th>
        </tr>
      </thead>
      <tbody>
        {pairs.map(({ truth, answer, count }) => (
          <tr key={`${truth}/${answer}`}>
            <td>{truth}</td>
            <td>
              <button
                type="button"
                className="link"
                aria-pressed={isSameCell(selection, truth, answer)}
                onClick={() => select({ kind: 'cell', truth, answer })}
              >
                {answer ?? 'unreadable'}
              </button>
            </td>
            <td className="number right">{count}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
