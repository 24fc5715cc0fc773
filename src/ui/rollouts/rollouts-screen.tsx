/** Rollouts: every answer of every step, with what it earned and what it taught. */
import { useDeferredValue, useMemo, useState } from 'react';
import { type AnswerFilter, NO_FILTER, wantsBareText } from '../../protocol/answer-search.ts';
import type { RolloutGroup } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { standIn } from '../../store/recorded.ts';
import { goTo, useAsked } from '../address.ts';
import { RecordedRollouts } from '../first-minute/recorded-rollouts.tsx';
import { HeldButton } from '../parts/held-button.tsx';
import { Empty } from '../parts/panel.tsx';
import { useGroups } from '../parts/use-groups.ts';
import { useKey } from '../shell/keys.ts';
import { AllSteps } from './all-steps.tsx';
import { askedFilter, askedOrder } from './all-steps-words.ts';
import { ClipOverTime } from './clip-over-time.tsx';
import { Filters, type Scope, ScopeChoice } from './filters.tsx';
import { BinChip, RewardHistogram } from './reward-histogram.tsx';
import { RolloutTable } from './rollout-table.tsx';
import { type RewardBin, type RolloutFilter, rewardNames, rolloutRows } from './rows.ts';
import type { TokenChoice } from './token-choices.ts';
import { TryRewards } from './try-rewards.tsx';

export default function RolloutsScreen() {
  const rollouts = useStudioState((state) => state.rollouts);
  const asked = useAsked();
  const recorded = useStudioState((state) => standIn(state)?.run);
  const clip = new URLSearchParams(asked).get('clip');
  if (clip !== null) return <ClipOverTime exampleId={clip} key={clip} />;
  if (rollouts.size > 0) return <Rollouts asked={asked} key={asked} />;
  if (recorded) return <RecordedRollouts run={recorded} />;
  return (
    <Empty>
      The answers of each step will be listed here, with every reward and advantage, once a run is started, or
      gone on with where one is kept.{' '}
      <button type="button" className="link" onClick={() => goTo('train')}>
        Go to Train
      </button>
    </Empty>
  );
}

/** The bars are those of a step. */
const withoutBin = ({ bin: _, ...filter }: RolloutFilter): AnswerFilter => filter;

const NOTHING_YET: readonly RolloutGroup[] = [];

/** `asked`: the address's `step=12&search=happy`, `step=12&answer=3`, or `all=1` with a search of all steps. */
function Rollouts({ asked }: { asked: string }) {
  const wanted = new URLSearchParams(asked);
  const rollouts = useStudioState((state) => state.rollouts);
  const steps = useMemo(() => [...rollouts.keys()].sort((a, b) => a - b), [rollouts]);
  const [chosen, choose] = useState(Number(wanted.get('step') ?? Number.NaN));
  const askedPlace = wanted.has('answer') ? Number(wanted.get('answer')) : undefined;
  const [filter, setFilter] = useState<RolloutFilter>(() => askedFilter(wanted));
  const [scope, setScope] = useState<Scope>(wanted.has('all') ? 'all' : 'step');
  // With one update a batch every ratio is 1: advantage × ratio says the same of all tokens.
  const [choice, setChoice] = useState<TokenChoice>('logProb');
  const [sought, seek] = useState(askedPlace === undefined ? undefined : { step: chosen, place: askedPlace });
  const latest = steps[steps.length - 1] ?? 0;
  const step = rollouts.has(chosen) ? chosen : latest;
  const { step: shownStep, groups } = useGroups(useDeferredValue(step)) ?? { step, groups: NOTHING_YET };
  const isBare = useStudioState(({ running }) => running !== undefined && wantsBareText(running));
  const rewards = rewardNames(groups);
  const rows = rolloutRows(groups, filter, isBare);
  const ofAllBins = filter.bin ? rolloutRows(groups, { ...filter, bin: undefined }, isBare) : rows;
  const setBin = (bin: RewardBin | undefined) => setFilter({ ...filter, bin });
  const total = groups.reduce((sum, { completions }) => sum + completions.length, 0);
  const ofData = useStudioState(({ data }) => data?.labels);
  const ofStep = groups.map(({ label }) => label);
  const known = scope === 'all' && ofData ? ofData.map(({ label }) => label) : ofStep;
  const labels = [...new Set(known)].sort();
  return (
    <>
      <div className="toolbar">
        <ScopeChoice scope={scope} setScope={setScope} />
        {scope === 'step' && (
          <StepChoice
            steps={steps}
            step={step}
            choose={(next) => choose(next === latest ? Number.NaN : next)}
          />
        )}
        <Filters filter={filter} setFilter={setFilter} labels={labels} />
        {scope === 'step' && filter.bin && <BinChip bin={filter.bin} clear={() => setBin(undefined)} />}
      </div>
      {scope === 'step' && ofAllBins.length > 0 && (
        <RewardHistogram rows={ofAllBins} rewards={rewards} bin={filter.bin} choose={setBin} />
      )}
      <TryRewards
        show={(ofStep, place, search) => {
          choose(ofStep);
          setScope('step');
          setFilter({ ...NO_FILTER, search });
          seek({ step: ofStep, place });
        }}
      />
      {scope === 'all' && <AllSteps {...{ isBare }} filter={withoutBin(filter)} asked={askedOrder(wanted)} />}
      {scope === 'step' && rows.length > 0 && (
        <RolloutTable
          rows={rows}
          rewards={rewards}
          step={shownStep}
          answers={total}
          colours={{ choice, choose: setChoice }}
          wanted={sought?.step === shownStep ? sought.place : undefined}
          onFound={() => seek(undefined)}
          opened={shownStep === chosen ? askedPlace : undefined}
          key={shownStep}
        />
      )}
      {scope === 'step' && rows.length === 0 && total > 0 && (
        <Empty>
          No answer of step {shownStep} passes the filter; the step has {total} answers.
        </Empty>
      )}
    </>
  );
}

interface StepChoiceProps {
  steps: readonly number[];
  step: number;
  choose: (step: number) => void;
}

function StepChoice({ steps, step, choose }: StepChoiceProps) {
  const index = steps.indexOf(step);
  const go = (to: number) => {
    const next = steps[Math.min(steps.length - 1, Math.max(0, to))];
    if (next !== undefined) choose(next);
  };
  useKey(['[', ']'], (key) => go(index + (key === ']' ? 1 : -1)));
  return (
    <span className="step-choice">
      <HeldButton
        className="quiet"
        aria-label="Previous step"
        disabled={index <= 0}
        onClick={() => go(index - 1)}
      >
        ◀
      </HeldButton>
      <label>
        step <b className="number">{step}</b>{' '}
        <input
          type="range"
          data-testid="rollout-step"
          min={0}
          max={steps.length - 1}
          value={index}
          onChange={({ target }) => go(Number(target.value))}
        />
      </label>
      <HeldButton
        className="quiet"
        aria-label="Next step"
        disabled={index >= steps.length - 1}
        onClick={() => go(index + 1)}
      >
        ▶
      </HeldButton>
    </span>
  );
}
