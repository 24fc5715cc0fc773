/** What a run with the present settings would take, before anything is taken; and what other settings would. */
import { useEffect } from 'react';
import { formatBytes } from '../../math/format.ts';
import type { WhatIf } from '../../protocol/memory.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isActive } from '../../store/state.ts';
import { draftProblems } from '../../store/studio.ts';
import { Bars } from '../parts/bars.tsx';
import { fire } from '../parts/fire.ts';
import { Panel } from '../parts/panel.tsx';
import { useCalm } from '../parts/use-calm.ts';

const CALM_MS = 400;

export function MemoryPlanPanel() {
  const studio = useStudio();
  const plan = useStudioState((state) => state.plan);
  const model = useStudioState((state) => state.model?.name);
  const busy = useStudioState(({ run }) => run.state === 'loading' || isActive(run.state));
  const draft = useCalm(
    useStudioState((state) => state.draft),
    CALM_MS,
  );
  useEffect(() => {
    if (model !== undefined && !busy && draftProblems(draft).length === 0) fire(studio.plan(false));
  }, [studio, model, busy, draft]);
  if (!plan || model === undefined) return null;
  const { training, encoding, peak } = plan.plan;
  const bars = Object.entries(training)
    .sort(([, a], [, b]) => b - a)
    .map(([name, value]) => ({ name, value, text: formatBytes(value) }));
  return (
    <Panel
      title="Memory of a run"
      aside={
        <span className="muted number" data-testid="planned-peak">
          {formatBytes(peak.training)} while training
        </span>
      }
    >
      <p className="muted">
        Planned from the present settings; nothing is taken yet. Encoding clips takes {formatBytes(encoding)}{' '}
        first, and is over before training begins.
      </p>
      <Bars bars={bars} caption="Planned GPU memory by part" />
      {plan.whatIf ? (
        <WhatIfTable rows={plan.whatIf} now={peak.training} />
      ) : (
        <p>
          <button type="button" disabled={busy} onClick={() => fire(studio.plan(true))}>
            What if…
          </button>
        </p>
      )}
    </Panel>
  );
}

function WhatIfTable({ rows, now }: { rows: readonly WhatIf[]; now: number }) {
  return (
    <table data-testid="what-if">
      <caption className="sr-only">Memory with other settings</caption>
      <thead>
        <tr>
          <th scope="col">What if</th>
          <th scope="col">Memory</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, peak }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td className="number">{formatBytes(peak)}</td>
            <td className="number">
              {peak < now ? '−' : '+'}
              {formatBytes(Math.abs(peak - now))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
