/** The form made out of the config table: the seven settings that matter in a row, all of them by group below. */

import {
  CONFIG_KEYS,
  type ConfigKey,
  diffConfig,
  FIELD_GROUPS,
  fieldOf,
  parseConfig,
} from '../../protocol/config.ts';
import type { ModelSummary } from '../../protocol/messages.ts';
import { hasWhatIsSet } from '../../protocol/of-model.ts';
import { isPresetName, PRESETS, type Preset, presetsFor, scorerFor } from '../../protocol/presets.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isActive } from '../../store/run-state.ts';
import { draftProblems } from '../../store/studio.ts';
import { BareAnswersWarning } from '../data/bare-answers-warning.tsx';
import { FreeFormWarning } from '../data/free-form-warning.tsx';
import { OwnQuestionsNotice } from '../data/own-questions-notice.tsx';
import { inLabels } from '../parts/in-labels.ts';
import { useFields } from '../parts/use-words.ts';
import { Problems } from '../shell/notices.tsx';
import { EmotionRequest } from './emotion-request.tsx';
import { MendRewards } from './mend-rewards.tsx';
import { PromptWarnings } from './prompt-warnings.tsx';
import { PARAMETER_KEYS } from './rewards/reward-list.ts';
import { RewardsLine, RewardsPanel } from './rewards/rewards-panel.tsx';
import { SettingField } from './setting-field.tsx';
import { SettingsLine } from './settings-line.tsx';

const ESSENTIAL = CONFIG_KEYS.filter((key) => fieldOf(key).essential);

export function EssentialSettings() {
  return (
    <section aria-label="Settings that matter" className="what-matters">
      <SettingsLine />
      <div className="essentials">
        {ESSENTIAL.map((key) => (
          <SettingField key={key} field={key} brief />
        ))}
        <BeginFrom />
      </div>
      <RewardsLine />
      <DraftState />
      <MendRewards />
      <FreeFormWarning />
      <BareAnswersWarning />
      <OwnQuestionsNotice />
      <EmotionRequest />
      <PromptWarnings />
      <Problems commands={['start', 'step']} />
    </section>
  );
}

/** Once a run has left weights, the next one may begin from them. */
function BeginFrom() {
  const offered = useStudioState(
    ({ draft, steps, run }) => draft.startFrom !== 'published' || (steps.length > 0 && !isActive(run.state)),
  );
  return offered ? <SettingField field="startFrom" brief /> : null;
}

/** What keeps the draft from running, or how it differs from the run under way. */
function DraftState() {
  const draft = useStudioState((state) => state.draft);
  const running = useStudioState((state) => state.running);
  const active = useStudioState(({ run }) => isActive(run.state));
  const fieldBy = useFields();
  const problems = draftProblems(draft);
  if (problems.length > 0) {
    return problems.map(({ field, message, hint }) => (
      <p key={field} className="field-problem" role="alert">
        {inLabels(message)} {hint && inLabels(hint)}
      </p>
    ));
  }
  if (!running) return null;
  const changes = diffConfig(running, parseConfig(draft));
  if (changes.length === 0) return null;
  return (
    <p className="muted" data-testid="draft-changes">
      {changes.length} {changes.length === 1 ? 'change' : 'changes'} not in {active ? 'this' : 'the last'}{' '}
      run: {changes.map(({ key }) => fieldBy(key).label).join(', ')}. They count from the next Start.
    </p>
  );
}

/** What the panel of rewards has controls for. */
const IN_PANEL: readonly ConfigKey[] = ['rewards', 'rewardWeights', ...PARAMETER_KEYS];

/** Whether a setting has a control, and does anything with the model that is open. */
function applies(model: ModelSummary | undefined, key: ConfigKey): boolean {
  if (fieldOf(key).kind === 'structure') return false;
  if (!model) return true;
  return hasWhatIsSet(model, key) && (key !== 'question' || model.senses.length > 0);
}

/** Groups with those of their settings that apply. */
const groupsFor = (model: ModelSummary | undefined) =>
  FIELD_GROUPS.map((group) => ({
    group,
    keys: CONFIG_KEYS.filter(
      (key) => fieldOf(key).group === group && applies(model, key) && !IN_PANEL.includes(key),
    ),
  })).filter(({ keys }) => keys.length > 0);

export function AllSettings() {
  const model = useStudioState((state) => state.model);
  return (
    <details className="all-settings">
      <summary data-testid="all-settings">All settings</summary>
      <PresetChoice />
      {groupsFor(model).map(({ group, keys }) => (
        <fieldset key={group} data-testid={`group-${group}`}>
          <legend>{group}</legend>
          {group === 'Rewards' && <RewardsPanel />}
          <div className="settings">
            {keys.map((key) => (
              <SettingField key={key} field={key} brief={false} />
            ))}
          </div>
        </fieldset>
      ))}
    </details>
  );
}

function PresetChoice() {
  const studio = useStudio();
  const models = useStudioState((state) => state.rewardModels);
  const model = useStudioState((state) => state.model);
  return (
    <label className="preset">
      Start from a preset{' '}
      <select
        value=""
        data-testid="preset"
        onChange={({ target }) => {
          if (target.value === 'defaults' || isPresetName(target.value)) studio.applyPreset(target.value);
        }}
      >
        <option value="">choose…</option>
        <option value="defaults">Defaults</option>
        {presetsFor(model).map((name) => {
          const { label, help, scorer }: Preset = PRESETS[name];
          const lacksModel = scorer !== undefined && !scorerFor(name, models);
          return (
            <option key={name} value={name} disabled={lacksModel}>
              {label}: {help}
              {lacksModel && ' Open a reward model that has the 28 labels of GoEmotions first.'}
            </option>
          );
        })}
      </select>
    </label>
  );
}
