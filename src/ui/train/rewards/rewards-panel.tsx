/** What earns a point: every reward with what it looks at and where it comes from, its weight and its settings where it is chosen. */
import { type Field, fieldOf, knownRewards } from '../../../protocol/config.ts';
import { float } from '../../../protocol/fields.ts';
import { useStudio, useStudioState } from '../../../store/react.ts';
import {
  choiceIn,
  choiceWords,
  modelsIn,
  type RewardChoice,
  sourcesIn,
  weightOf,
  withReward,
  withWeight,
} from '../../../store/reward-choice.ts';
import { useFocusHandover } from '../../parts/use-focus-handover.ts';
import { FieldControl } from '../field-control.tsx';
import { SettingField } from '../setting-field.tsx';
import { type OfferedGroup, type OfferedReward, offeredGroups } from './reward-list.ts';

const PANEL = 'rewards-panel';
const WEIGHT = float({
  ...{ default: 1, min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY, group: 'Rewards' },
  ...{ label: 'Weight', help: 'What the reward is multiplied by before rewards are added up.' },
}) as Field;

export function RewardsPanel() {
  const studio = useStudio();
  const draft = useStudioState((state) => state.draft);
  const choice = choiceIn(draft);
  const order = knownRewards({ rewardSources: sourcesIn(draft), rewardModels: modelsIn(draft) });
  const set = (next: RewardChoice) => studio.editAll({ ...next });
  return (
    <div className="rewards" id={PANEL} data-testid="all-field-rewards">
      <p className="muted">
        Chosen rewards are added up, each times its weight. <code>{fieldOf('rewards').trl}</code>{' '}
        <code>{fieldOf('rewardWeights').trl}</code>
      </p>
      {offeredGroups(draft).map((group) => (
        <RewardGroup
          key={group.title}
          group={group}
          choice={choice}
          onChosen={(name, isChosen) => set(withReward(choice, name, isChosen, order))}
          onWeight={(name, weight) => set(withWeight(choice, name, weight))}
        />
      ))}
    </div>
  );
}

interface Choosing {
  readonly choice: RewardChoice;
  readonly onChosen: (name: string, isChosen: boolean) => void;
  readonly onWeight: (name: string, weight: unknown) => void;
}

function RewardGroup({ group: { title, rewards }, ...choosing }: Choosing & { group: OfferedGroup }) {
  return (
    <fieldset className="reward-group">
      <legend>{title}</legend>
      <ul>
        {rewards.map((reward) => (
          <RewardRow key={reward.name} reward={reward} {...choosing} />
        ))}
      </ul>
    </fieldset>
  );
}

function RewardRow({ reward, choice, onChosen, onWeight }: Choosing & { reward: OfferedReward }) {
  const { name, help, source, parameters } = reward;
  const isChosen = choice.rewards.includes(name);
  // One that is missing goes away when it is no longer chosen.
  const place = useFocusHandover<HTMLLIElement>();
  const id = `reward-${name}`;
  return (
    <li ref={place} className="reward" data-chosen={isChosen}>
      <div className="reward-head">
        <label>
          <input
            type="checkbox"
            data-testid={id}
            aria-describedby={`${id}-help`}
            checked={isChosen}
            onChange={({ target }) => onChosen(name, target.checked)}
          />{' '}
          {name}
        </label>
        {isChosen && (
          <span className="reward-weight">
            <FieldControl
              id={`${id}-weight`}
              field={WEIGHT}
              of={name}
              value={weightOf(choice, name)}
              onValue={(weight) => onWeight(name, weight)}
              testId={`reward-weight-${name}`}
            />
          </span>
        )}
      </div>
      <p className="muted help" id={`${id}-help`}>
        {help} <cite>{source}</cite>
      </p>
      {isChosen && parameters.length > 0 && (
        <fieldset className="settings" aria-label={`Settings of ${name}`}>
          {parameters.map((key) => (
            <SettingField key={key} field={key} brief={false} />
          ))}
        </fieldset>
      )}
    </li>
  );
}

/** What the run is rewarded for, and the way to where it is chosen. */
export function RewardsLine() {
  const draft = useStudioState((state) => state.draft);
  if (draft.stage !== 'grpo') return null;
  return (
    <p className="muted settings-line" data-testid="rewards-line">
      Rewarded: <strong>{choiceWords(choiceIn(draft)) || 'nothing yet'}</strong>.{' '}
      <button type="button" className="link" data-testid="change-rewards" onClick={showPanel}>
        Change
      </button>
    </p>
  );
}

/** Opens the form where the panel is, and begins at its first reward; at what narrows the form, where that leaves the panel out. */
function showPanel(): void {
  const form = document.querySelector('details.all-settings');
  const place = document.getElementById(PANEL) ?? form?.querySelector('search');
  for (let fold = place?.closest('details'); fold; fold = fold.parentElement?.closest('details'))
    fold.open = true;
  place?.scrollIntoView();
  place?.querySelector('input')?.focus({ preventScroll: true });
}
