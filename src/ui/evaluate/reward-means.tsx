/** What the run's rewards, built in and of one's own, make of the answers, and what changed since the baseline. */
import { formatMetric } from '../../math/format.ts';
import type { EvalResult } from '../../protocol/messages.ts';
import { inLabels } from '../parts/in-labels.ts';
import { useWords } from '../parts/use-words.ts';

interface MeansProps {
  now: EvalResult;
  before?: EvalResult;
}

export function RewardMeans({ now, before }: MeansProps) {
  const words = useWords();
  const { rewards = [] } = now;
  if (rewards.length === 0) return null;
  const earlier = new Map(before?.rewards?.map(({ name, mean }) => [name, mean]));
  const isCompared = rewards.some(({ name }) => earlier.has(name));
  return (
    <>
      <div className="scrolls">
        <table className="score-table number" data-testid="reward-means">
          <thead>
            <tr>
              <th scope="col">reward</th>
              <th scope="col" title={words('Mean over the answers to these clips, before its weight.')}>
                mean
              </th>
              <th scope="col" title="Answers that it applied to.">
                answers
              </th>
              {isCompared && <th scope="col">before</th>}
              {isCompared && <th scope="col">change</th>}
            </tr>
          </thead>
          <tbody>
            {rewards.map(({ name, mean, n }) => {
              const was = earlier.get(name) ?? null;
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{meanWords(mean)}</td>
                  <td>{n}</td>
                  {isCompared && <td>{meanWords(was)}</td>}
                  {isCompared && <td>{mean === null || was === null ? '–' : signed(mean - was)}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {rewards.map(({ name, failure }) => failure !== undefined && <p key={name}>{inLabels(failure)}</p>)}
    </>
  );
}

const meanWords = (mean: number | null): string => (mean === null ? '–' : formatMetric(mean));
const signed = (change: number): string => `${change > 0 ? '+' : ''}${formatMetric(change)}`;
