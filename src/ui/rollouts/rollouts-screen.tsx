/** Rollouts: every answer of every step, with what it earned and what it taught. */
import { type Dispatch, useDeferredValue, useMemo, useRef, useState } from 'react';
import { wantsBareText } from '../../protocol/answer-search.ts';
import type { RolloutGroup } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { standIn } from '../../store/recorded.ts';
import { goTo, useAsked } from '../address.ts';
import { RecordedRollouts } from '../first-minute/recorded-rollouts.tsx';
import { HeldButton } from '../parts/held-button.tsx';
import { Empty } from '../parts/panel.tsx';
import { shortened } from '../parts/shortened.ts';
import { useGroups } from '../parts/use-groups.ts';
import { useKey } from '../shell/keys.ts';
import { BinChip, RewardHistogram } from './reward-histogram.tsx';
import { RolloutTable } from './rollout-table.tsx';
import { NO_FILTER, type RewardBin, type RolloutFilter, rewardNames, rolloutRows } from './rows.ts';
import type { TokenChoice } from './token-choices.ts';
import { TryRewards } from './try-rewards.tsx';

export default function RolloutsScreen() {
  const rollouts = useStudioState((state) => state.rollouts);
  const asked = useAsked();
  const recorded = useStudioState((state) => standIn(state)?.run);
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

const NOTHING_YET: readonly RolloutGroup[] = [];

/** `asked`: the address's `step=12&search=happy`. */
function Rollouts({ asked }: { asked: string }) {
  const wanted = new URLSearchParams(asked);
  const rollouts = useStudioState((state) => state.rollouts);
  const steps = useMemo(() => [...rollouts.keys()].sort((a, b) => a - b), [rollouts]);
  const [chosen, choose] = useState(Number(wanted.get('step') ?? Number.NaN));
  const [filter, setFilter] = useState({ ...NO_FILTER, search: wanted.get('search') ?? '' });
  // With one update a batch every ratio is 1: advantage × ratio says the same of all tokens.
  const [choice, setChoice] = useState<TokenChoice>('logProb');
  const [sought, seek] = useState<{ readonly step: number; readonly place: number }>();
  const latest = steps[steps.length - 1] ?? 0;
  const step = rollouts.has(chosen) ? chosen : latest;
  const { step: shownStep, groups } = useGroups(useDeferredValue(step)) ?? { step, groups: NOTHING_YET };
  const isBare = useStudioState(({ running }) => running !== undefined && wantsBareText(running));
  const rewards = rewardNames(groups);
  const rows = rolloutRows(groups, filter, isBare);
  const ofAllBins = filter.bin ? rolloutRows(groups, { ...filter, bin: undefined }, isBare) : rows;
  const setBin = (bin: RewardBin | undefined) => setFilter({ ...filter, bin });
  const total = groups.reduce((sum, { completions }) => sum + completions.length, 0);
  const labels = [...new Set(groups.map(({ label }) => label))].sort();
  return (
    <>
      <div className="toolbar">
        <StepChoice
          steps={steps}
          step={step}
          choose={(next) => choose(next === latest ? Number.NaN : next)}
        />
        <Filters filter={filter} setFilter={setFilter} labels={labels} />
        {filter.bin && <BinChip bin={filter.bin} clear={() => setBin(undefined)} />}
      </div>
      {ofAllBins.length > 0 && (
        <RewardHistogram rows={ofAllBins} rewards={rewards} bin={filter.bin} choose={setBin} />
      )}
      <TryRewards
        show={(ofStep, place, search) => {
          choose(ofStep);
          setFilter({ ...NO_FILTER, search });
          seek({ step: ofStep, place });
        }}
      />
      {rows.length > 0 ? (
        <RolloutTable
          rows={rows}
          rewards={rewards}
          step={shownStep}
          answers={total}
          colours={{ choice, choose: setChoice }}
          wanted={sought?.step === shownStep ? sought.place : undefined}
          onFound={() => seek(undefined)}
          key={shownStep}
        />
      ) : (
        total > 0 && (
          <Empty>
            No answer of step {shownStep} passes the filter; the step has {total} answers.
          </Empty>
        )
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

interface FiltersProps {
  filter: RolloutFilter;
  setFilter: Dispatch<RolloutFilter>;
  labels: readonly string[];
}

function Filters({ filter, setFilter, labels }: FiltersProps) {
  const search = useRef<HTMLInputElement>(null);
  useKey(['/'], () => search.current?.focus());
  return (
    <>
      <select
        aria-label="Label"
        value={filter.label ?? ''}
        onChange={({ target }) => setFilter({ ...filter, label: target.value || undefined })}
      >
        <option value="">all labels</option>
        {labels.map((label) => (
          <option key={label} value={label}>
            {shortened(label)}
          </option>
        ))}
      </select>
      <label>
        <input
          type="checkbox"
          checked={filter.wrongOnly}
          onChange={({ target }) => setFilter({ ...filter, wrongOnly: target.checked })}
        />{' '}
        wrong only
      </label>
      <label>
        <input
          type="checkbox"
          checked={filter.silentOnly}
          onChange={({ target }) => setFilter({ ...filter, silentOnly: target.checked })}
        />{' '}
        groups without signal
      </label>
      <input
        ref={search}
        type="search"
        placeholder="search answers  /"
        aria-label="Search answers"
        value={filter.search}
        onChange={({ target }) => setFilter({ ...filter, search: target.value })}
      />
    </>
  );
}
