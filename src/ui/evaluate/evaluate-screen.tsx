/** Evaluate: accuracy on held-out clips, before against after, with a sense taken away, and what is confused with what. */
import { useState } from 'react';
import { formatPercent } from '../../math/format.ts';
import { type EvalResult, type Mute, SPLITS, type Split } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { ConfusionTable } from './confusion-table.tsx';
import { type Comparison, compare, labelScores, readableOnly } from './scores.ts';

const MUTES: readonly { mute?: Mute; label: string; testId: string }[] = [
  { label: 'Evaluate', testId: 'evaluate' },
  { mute: 'audio', label: 'Without sound', testId: 'evaluate-no-audio' },
  { mute: 'video', label: 'Without picture', testId: 'evaluate-no-video' },
];

export default function EvaluateScreen() {
  const evals = useStudioState((state) => state.evals);
  const [split, setSplit] = useState<Split>('test');
  const comparison = compare(evals, split);
  return (
    <>
      <EvaluateBar split={split} setSplit={setSplit} />
      <Problems commands={['evaluate']} />
      {evals.length === 0 && (
        <Empty>
          Accuracy and the confusion table will show here. Evaluate once before training and once after, to
          see the difference.
        </Empty>
      )}
      {comparison && <Scores comparison={comparison} />}
      {comparison && (
        <div className="columns">
          <Panel title="What is taken for what">
            <ConfusionTable result={comparison.now} />
          </Panel>
          <LabelTable comparison={comparison} />
        </div>
      )}
      {evals.length > 0 && <EvalHistory evals={evals} />}
    </>
  );
}

function EvaluateBar({ split, setSplit }: { split: Split; setSplit: (split: Split) => void }) {
  const studio = useStudio();
  const splits = useStudioState(({ data }) => data?.splits);
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('evaluate'));
  const able = useStudioState(({ data, model, run }) => {
    const resting = run.state !== 'running' && run.state !== 'pausing' && run.state !== 'loading';
    return data !== undefined && model !== undefined && resting;
  });
  return (
    <div className="toolbar">
      <label>
        clips{' '}
        <select data-testid="split" value={split} onChange={({ target }) => setSplit(target.value as Split)}>
          {SPLITS.map((name) => (
            <option key={name} value={name}>
              {name}
              {splits ? ` (${splits[name]})` : ''}
            </option>
          ))}
        </select>
      </label>
      {MUTES.map(({ mute, label, testId }) => (
        <button
          key={testId}
          type="button"
          className={mute ? '' : 'primary'}
          data-testid={testId}
          disabled={!able || busy}
          onClick={() => fire(studio.evaluate(split, mute))}
        >
          {label}
        </button>
      ))}
      {!able && <span className="muted">Pause or stop the run to evaluate.</span>}
    </div>
  );
}

function change(now: number, before: number | undefined): string {
  if (before === undefined) return '';
  const points = 100 * (now - before);
  return ` (${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)})`;
}

function Scores({ comparison: { now, before } }: { comparison: Comparison }) {
  const [low, high] = now.interval;
  return (
    <p className="lead scores number" data-testid="scores">
      <b>WAR {formatPercent(now.war)}</b>
      {change(now.war, before?.war)} · <b>UAR {formatPercent(now.uar)}</b>
      {change(now.uar, before?.uar)} · n = {now.n} · 95 % interval {formatPercent(low, 0)} to{' '}
      {formatPercent(high, 0)} · {now.unreadable} unreadable{' '}
      <span className="muted">
        after step {now.step}
        {before && ', compared with the weights as loaded'}
      </span>
    </p>
  );
}

function LabelTable({ comparison: { now, before } }: { comparison: Comparison }) {
  const earlier = new Map(before ? labelScores(before).map(({ label, recall }) => [label, recall]) : []);
  return (
    <Panel title={readableOnly(now) ? 'By label, readable answers only' : 'By label'}>
      <table>
        <thead>
          <tr>
            <th scope="col">label</th>
            <th scope="col" className="right">
              n
            </th>
            <th scope="col" className="right">
              recall
            </th>
            {before && (
              <th scope="col" className="right">
                before
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {labelScores(now).map(({ label, n, recall }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td className="number right">{n}</td>
              <td className="number right">{recall === undefined ? '–' : formatPercent(recall, 0)}</td>
              {before && (
                <td className="number right muted">{formatPercent(earlier.get(label) ?? Number.NaN, 0)}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

const SENSES: Record<Mute, string> = { audio: 'picture only', video: 'sound only' };

function EvalHistory({ evals }: { evals: readonly EvalResult[] }) {
  return (
    <Panel title="All evaluations">
      <table>
        <thead>
          <tr>
            <th scope="col">after step</th>
            <th scope="col">clips</th>
            <th scope="col">senses</th>
            <th scope="col" className="right">
              correct
            </th>
            <th scope="col" className="right">
              WAR
            </th>
            <th scope="col" className="right">
              UAR
            </th>
          </tr>
        </thead>
        <tbody>
          {evals.map((result, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows, and equal evaluations may repeat.
            <tr key={index} data-testid="eval-row">
              <td className="number">{result.step}</td>
              <td>{result.split}</td>
              <td>{result.mute ? SENSES[result.mute] : 'picture and sound'}</td>
              <td className="number right">
                {result.correct} of {result.n}
              </td>
              <td className="number right">{formatPercent(result.war)}</td>
              <td className="number right">{formatPercent(result.uar)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
