/** Every evaluation: WAR and UAR by step with the best step marked, and as a table. */
import {
  CartesianGrid,
  Line,
  LineChart,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { formatPercent } from '../../math/format.ts';
import { type BestMetric, bestOf } from '../../protocol/evaluation.ts';
import type { EvalResult } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { HeldButton } from '../parts/held-button.tsx';
import { Panel } from '../parts/panel.tsx';
import { useWords } from '../parts/use-words.ts';
import { decodingName, historyOf, sensesOf } from './scores.ts';

interface HistoryProps {
  evals: readonly EvalResult[];
  now: EvalResult;
  metric: BestMetric;
  show: (result: EvalResult) => void;
}

const METRIC_NAMES: Record<BestMetric, string> = { 'eval/war': 'WAR', 'eval/uar': 'UAR' };

export function EvalHistory({ evals, now, metric, show }: HistoryProps) {
  const history = historyOf(evals, now);
  const best = bestOf(history, metric);
  const words = useWords();
  const senses = useStudioState(({ model }) => model?.senses.length !== 0);
  return (
    <Panel title="All evaluations">
      {history.length > 1 && best && <HistoryChart history={history} best={best} metric={metric} />}
      <div className="scrolls">
        <table className="eval-history">
          <thead>
            <tr>
              <th scope="col">after step</th>
              <th scope="col">{words('clips')}</th>
              {senses && <th scope="col">senses</th>}
              <th scope="col">answers</th>
              {['correct', 'WAR', 'UAR', 'tolerant WAR', 'unreadable'].map((name) => (
                <th key={name} scope="col" className="right">
                  {name}
                </th>
              ))}
              <th scope="col">
                <span className="sr-only">look at it</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {evals.map((result, index) => (
              <HistoryRow
                // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows, and equal evaluations may repeat.
                key={index}
                result={result}
                shown={result === now}
                best={history.length > 1 && result === best}
                senses={senses}
                show={show}
              />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

interface RowProps {
  result: EvalResult;
  shown: boolean;
  best: boolean;
  /** Whether the model has any. */
  senses: boolean;
  show: (result: EvalResult) => void;
}

function HistoryRow({ result, shown, best, senses, show }: RowProps) {
  return (
    <tr data-testid="eval-row" aria-current={shown ? 'true' : undefined}>
      <td className="number">
        {result.step} {best && <b>★ best</b>}
      </td>
      <td>{result.split}</td>
      {senses && <td>{sensesOf(result)}</td>}
      <td>{decodingName(result)}</td>
      <td className="number right">
        {result.correct} of {result.n}
      </td>
      <td className="number right">{formatPercent(result.war)}</td>
      <td className="number right">{formatPercent(result.uar)}</td>
      <td className="number right">{formatPercent(result.tolerant.war)}</td>
      <td className="number right">{result.unreadable}</td>
      <td className="right">
        <HeldButton className="link" disabled={shown} onClick={() => show(result)}>
          {shown ? 'shown' : 'show'}
        </HeldButton>
      </td>
    </tr>
  );
}

interface ChartProps {
  history: readonly EvalResult[];
  best: EvalResult;
  metric: BestMetric;
}

function HistoryChart({ history, best, metric }: ChartProps) {
  const name = METRIC_NAMES[metric];
  const first = history[0]!;
  const last = history[history.length - 1]!;
  const sentence =
    `WAR ${formatPercent(first.war)} at step ${first.step}, ${formatPercent(last.war)} at step ${last.step}; ` +
    `UAR ${formatPercent(first.uar)}, then ${formatPercent(last.uar)}. Best step by ${name}: ${best.step}.`;
  const line = (key: 'war' | 'uar', series: number, dash?: string) => (
    <Line
      name={key.toUpperCase()}
      dataKey={key}
      type="linear"
      stroke={`var(--series-${series})`}
      strokeWidth={1.75}
      strokeDasharray={dash}
      dot={{ r: 3, strokeDasharray: '0' }}
      isAnimationActive={false}
    />
  );
  return (
    <figure data-testid="eval-chart">
      <p className="number">
        <i className="swatch series-1" /> WAR <i className="swatch series-2" /> UAR (dashed) ·{' '}
        <b>
          best by {name}: step {best.step}
        </b>
      </p>
      <div className="history-plot" aria-hidden="true">
        <ResponsiveContainer width="100%" height="100%">
          <LineChart data={[...history]} margin={{ top: 16, right: 32, bottom: 0, left: 0 }}>
            <CartesianGrid stroke="var(--grid)" vertical={false} />
            <XAxis
              dataKey="step"
              type="number"
              domain={['dataMin', 'dataMax']}
              ticks={history.map(({ step }) => step)}
              height={20}
              tickLine={false}
            />
            <YAxis
              domain={[0, 1]}
              ticks={[0, 0.25, 0.5, 0.75, 1]}
              width={48}
              tickLine={false}
              axisLine={false}
              tickFormatter={(share: number) => formatPercent(share, 0)}
            />
            <Tooltip content={<EvalTip />} isAnimationActive={false} />
            <ReferenceLine
              x={best.step}
              stroke="var(--muted)"
              strokeDasharray="2 2"
              label={{ value: '★ best', position: 'top', fill: 'var(--ink)', fontSize: 11 }}
            />
            {line('war', 1)}
            {line('uar', 2, '5 3')}
          </LineChart>
        </ResponsiveContainer>
      </div>
      <figcaption className="sr-only">{sentence}</figcaption>
    </figure>
  );
}

interface TipProps {
  active?: boolean;
  payload?: readonly { payload?: EvalResult }[];
}

function EvalTip({ active, payload }: TipProps) {
  const result = payload?.[0]?.payload;
  if (!active || !result) return null;
  return (
    <div className="tip number">
      <b>step {result.step}</b>
      <div>WAR {formatPercent(result.war)}</div>
      <div>UAR {formatPercent(result.uar)}</div>
    </div>
  );
}
