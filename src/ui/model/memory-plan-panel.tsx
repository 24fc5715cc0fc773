/** What a run with the present settings would take, before anything is taken; and what other settings would. */
import type { ReactNode } from 'react';
import { formatBytes, formatCount } from '../../math/format.ts';
import type { MemoryPlan, WhatIf } from '../../protocol/memory.ts';
import type { PlanState } from '../../store/plan.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { draftProblems } from '../../store/studio.ts';
import { Bars } from '../parts/bars.tsx';
import { fire } from '../parts/fire.ts';
import { inLabels } from '../parts/in-labels.ts';
import { Panel } from '../parts/panel.tsx';
import { StepPlan } from '../parts/step-plan.tsx';
import { useAskedPlan } from '../parts/use-plan.ts';

/** Always about the form as it is: where that cannot be planned, it says why and shows no plan of another form. */
export function MemoryPlanPanel() {
  const model = useStudioState((state) => state.model?.name);
  const busy = useStudioState(({ run }) => isUnderWay(run.state));
  const draft = useStudioState((state) => state.draft);
  useAskedPlan({ eager: true });
  const plan = useStudioState((state) => (state.plan?.draft === state.draft ? state.plan : undefined));
  if (model === undefined) return null;
  const [problem] = draftProblems(draft);
  const refused = problem ?? plan?.error;
  if (refused) return <NoPlan>{`${inLabels(refused.message)} ${inLabels(refused.hint ?? '')}`}</NoPlan>;
  if (plan?.plan) return <Planned plan={plan.plan} whatIf={plan.whatIf} busy={busy} />;
  return (
    <Panel title="Memory of a run">
      <p className="muted" data-testid="plan-waits">
        {busy
          ? 'The settings have changed since the run began; what they would take is planned when it has ended.'
          : 'Planning the present settings…'}
      </p>
    </Panel>
  );
}

/** Why the present settings have no plan. */
function NoPlan({ children }: { children: ReactNode }) {
  return (
    <Panel title="Memory of a run">
      <p className="field-problem" role="alert" data-testid="no-plan">
        These settings cannot be planned: {children}
      </p>
      <p>
        <a href="#/train">Change the settings</a>
      </p>
    </Panel>
  );
}

interface PlannedProps {
  plan: MemoryPlan;
  whatIf: PlanState['whatIf'];
  busy: boolean;
}

function Planned({ plan: { training, encoding, rewards, peak, passes }, whatIf, busy }: PlannedProps) {
  const studio = useStudio();
  const asking = useStudioState(({ pending }) => [...pending.values()].includes('plan'));
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
        Planned from the present settings; nothing is taken yet.{' '}
        {encoding > 0 &&
          `While clips are encoded between its steps, the towers lie beside it: ${formatBytes(peak.withTowers)} in all. Where that does not fit, all clips are encoded before its first step, in ${formatBytes(encoding)}.`}
        {rewards > 0 && (
          <span data-testid="planned-rewards">
            {' '}
            Reward models take {formatBytes(rewards)} of it where they stay beside the run,{' '}
            {formatBytes(peak.withRewards)} in all. Where that does not fit, each is loaded only while it
            scores.
          </span>
        )}
        {passes.perGroup > 1 && (
          <span data-testid="planned-passes">
            {' '}
            The longest answers to a clip are trained in {passes.perGroup} passes of up to{' '}
            {formatCount(passes.tokens)} tokens: no more fit one pass on this GPU.
          </span>
        )}
      </p>
      <StepPlan />
      <Bars bars={bars} caption="Planned GPU memory by part" />
      {whatIf ? (
        <WhatIfTable rows={whatIf} now={peak.training} />
      ) : (
        <p>
          <button
            type="button"
            data-testid="ask-what-if"
            disabled={busy || asking}
            onClick={() => fire(studio.plan(true))}
          >
            What if…
          </button>{' '}
          {busy && <span className="muted">Other settings are planned when the run has ended.</span>}
        </p>
      )}
    </Panel>
  );
}

function WhatIfTable({ rows, now }: { rows: readonly WhatIf[]; now: number }) {
  if (rows.length === 0) {
    return (
      <p className="muted" data-testid="what-if">
        None of the usual other settings can be planned for this model.
      </p>
    );
  }
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
