/** Every evaluation: WAR and UAR, or the score, by step with the best step marked, and as a table. */
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
import { formatMetric, formatPercent } from '../../math/format.ts';
import type { Config } from '../../protocol/config.ts';
import { type BestMetric, bestOf, metricFor, scoreName } from '../../protocol/evaluation.ts';
import type { ClosedEval, EvalResult } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { HeldButton } from '../parts/held-button.tsx';
import { Panel } from '../parts/panel.tsx';
import { useWords } from '../parts/use-words.ts';
import { decodingName, headline, historyOf, sensesOf } from './scores.ts';

interface HistoryProps {
  evals: readonly EvalResult[];
  now: EvalResult;
  metric: Config['bestMetric'];
  show: (result: EvalResult) => void;
}

interface Column {
  name: string;
  /** Absent where an evaluation has no such number. */
  of: (result: EvalResult) => string | undefined;
}

const ofLabels =
  (write: (result: ClosedEval) => string): Column['of'] =>
  (result) =>
    result.scores ? undefined : write(result);

const COLUMNS: readonly Column[] = [
  {
    name: 'score',
    of: (result) => (result.scores ? `${scoreName(result)} ${headline(result)}` : undefined),
  },
  { name: 'correct', of: ofLabels(({ correct, n }) => `${correct} of ${n}`) },
  { name: 'WAR', of: ofLabels(({ war }) => formatPercent(war)) },
  { name: 'UAR', of: ofLabels(({ uar }) => formatPercent(uar)) },
  { name: 'tolerant WAR', of: ofLabels(({ tolerant }) => formatPercent(tolerant.war)) },
  { name: 'unreadable', of: (result) => String((result.scores ?? result).unreadable) },
];

export function EvalHistory({ evals, now, metric, show }: HistoryProps) {
  const history = historyOf(evals, now);
  const best = bestOf(history, metric);
  const words = useWords();
  // With one sense, or none, nothing can be taken away.
  const senses = useStudioState(({ model }) => model === undefined || model.senses.length > 1);
  const columns = COLUMNS.filter(({ of }) => evals.some((result) => of(result) !== undefined));
  return (
    <Panel title="All evaluations">
      {history.length > 1 && best && (
        <HistoryChart history={history} best={best} metric={metricFor(best, metric)} />
      )}
      <div className="scrolls">
        <table className="eval-history">
          <thead>
            <tr>
              <th scope="col">after step</th>
              <th scope="col">{words('clips')}</th>
              {senses && <th scope="col">senses</th>}
              <th scope="col">answers</th>
              {columns.map(({ name }) => (
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
                columns={columns}
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
  columns: readonly Column[];
  show: (result: EvalResult) => void;
}

function HistoryRow({ result, shown, best, senses, columns, show }: RowProps) {
  return (
    <tr data-testid="eval-row" aria-current={shown ? 'true' : undefined}>
      <td className="number">
        {result.step} {best && <b>★ best</b>}
      </td>
      <td>{result.split}</td>
      {senses && <td>{sensesOf(result)}</td>}
      <td>{decodingName(result)}</td>
      {columns.map(({ name, of }) => (
        <td key={name} className="number right">
          {of(result) ?? '–'}
        </td>
      ))}
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

/** What is drawn of evaluations: WAR and UAR, or their score. */
interface Curve {
  name: string;
  of: (result: EvalResult) => number;
  metric: BestMetric;
}

const curve = (metric: BestMetric, name: string, of: (result: ClosedEval) => number): Curve => ({
  metric,
  name,
  of: (result) => (result.scores ? Number.NaN : of(result)),
});
const LABEL_CURVES = [curve('eval/war', 'WAR', ({ war }) => war), curve('eval/uar', 'UAR', ({ uar }) => uar)];

function curvesOf(result: EvalResult): readonly Curve[] {
  if (!result.scores) return LABEL_CURVES;
  return [
    {
      metric: 'eval/score',
      name: scoreName(result),
      of: ({ scores }) => scores?.score ?? Number.NaN,
    },
  ];
}

function HistoryChart({ history, best, metric }: ChartProps) {
  const first = history[0]!;
  const last = history[history.length - 1]!;
  const curves = curvesOf(best);
  const name = curves.find((each) => each.metric === metric)?.name ?? curves[0]!.name;
  // Rewards have ranges of their own.
  const isShare = headline(best).endsWith('%');
  const write = (value: number, decimals = 1) =>
    isShare ? formatPercent(value, decimals) : formatMetric(value, 3);
  const sentence = `${curves
    .map(
      (each) =>
        `${each.name} ${write(each.of(first))} at step ${first.step}, ${write(each.of(last))} at step ${last.step}`,
    )
    .join('; ')}. Best step by ${name}: ${best.step}.`;
  return (
    <figure data-testid="eval-chart">
      <p className="number">
        {curves.map((each, index) => (
          <span key={each.name}>
            <i className={`swatch series-${index + 1}`} /> {each.name}
            {index > 0 && ' (dashed)'}{' '}
          </span>
        ))}
        ·{' '}
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
              {...(isShare ? { domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1] } : {})}
              width={48}
              tickLine={false}
              axisLine={false}
              tickFormatter={(value: number) => write(value, 0)}
            />
            <Tooltip content={<EvalTip curves={curves} write={write} />} isAnimationActive={false} />
            <ReferenceLine
              x={best.step}
              stroke="var(--muted)"
              strokeDasharray="2 2"
              label={{ value: '★ best', position: 'top', fill: 'var(--ink)', fontSize: 11 }}
            />
            {curves.map((each, index) => (
              <Line
                key={each.name}
                name={each.name}
                dataKey={each.of}
                type="linear"
                stroke={`var(--series-${index + 1})`}
                strokeWidth={1.75}
                {...(index > 0 ? { strokeDasharray: '5 3' } : {})}
                dot={{ r: 3, strokeDasharray: '0' }}
                isAnimationActive={false}
              />
            ))}
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
  curves: readonly Curve[];
  write: (value: number) => string;
}

function EvalTip({ active, payload, curves, write }: TipProps) {
  const result = payload?.[0]?.payload;
  if (!active || !result) return null;
  return (
    <div className="tip number">
      <b>step {result.step}</b>
      {curves.map(({ name, of }) => (
        <div key={name}>
          {name} {write(of(result))}
        </div>
      ))}
    </div>
  );
}
