/** Answers of the recorded run, to be read: nothing of them can be changed or asked further. */
import { useState } from 'react';
import { formatMetric } from '../../math/format.ts';
import type { RecordedGroup, RecordedRun } from '../../protocol/recorded-run.ts';
import { DemoClip } from './demo-clip.tsx';

export function RecordedRollouts({ run }: { run: RecordedRun }) {
  const [at, setAt] = useState(run.rollouts.length - 1);
  const shown = run.rollouts[at];
  if (!shown) return null;
  return (
    <div className="stack" data-testid="recorded-rollouts">
      <p className="lead">
        <strong>A recorded run.</strong> The model was asked: <q>{run.question}</q> Start a run on{' '}
        <a href="#/train">Train</a>: its own answers will be listed here.
      </p>
      <div className="toolbar">
        <label>
          step{' '}
          <select value={at} onChange={({ target }) => setAt(Number(target.value))}>
            {run.rollouts.map(({ step }, index) => (
              <option key={step} value={index}>
                {step} of {run.steps}
              </option>
            ))}
          </select>
        </label>
        <span className="muted number">{rightWords(shown.groups)}</span>
      </div>
      <ul className="recorded-groups">
        {shown.groups.map((group) => (
          <li key={group.exampleId}>
            <Group group={group} />
          </li>
        ))}
      </ul>
    </div>
  );
}

const isRight = (label: string) => (one: { readonly answer: string | null }) => one.answer === label;

function rightWords(groups: readonly RecordedGroup[]): string {
  const right = groups.reduce(
    (sum, { label, completions }) => sum + completions.filter(isRight(label)).length,
    0,
  );
  const all = groups.reduce((sum, { completions }) => sum + completions.length, 0);
  return `${right} of ${all} answers right`;
}

/** The same answers of a group are told once, with how many there are. */
function Group({ group: { exampleId, label, completions } }: { group: RecordedGroup }) {
  const byText = new Map<string, RecordedGroup['completions']>();
  for (const one of completions) byText.set(one.text, [...(byText.get(one.text) ?? []), one]);
  return (
    <article className="panel recorded-group" aria-label={`Clip ${exampleId}`}>
      <DemoClip exampleId={exampleId} />
      <div>
        <h2>
          <bdi>{label}</bdi>{' '}
          <span className="muted number">
            {completions.filter(isRight(label)).length} of {completions.length} right
          </span>
        </h2>
        <ul>
          {[...byText].map(([text, [first, ...others]]) => (
            <li key={text}>
              <span className={isRight(label)(first!) ? 'right-mark' : 'wrong-mark'}>
                {isRight(label)(first!) ? '✓' : '✗'}
                <span className="sr-only">{isRight(label)(first!) ? ' right' : ' wrong'}</span>
              </span>{' '}
              <code>{text}</code>{' '}
              <span className="muted number">
                ×{others.length + 1}, reward {formatMetric(first!.total, 3)}, advantage{' '}
                {formatMetric(first!.advantage, 3)}
              </span>
            </li>
          ))}
        </ul>
      </div>
    </article>
  );
}
