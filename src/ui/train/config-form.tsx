/** The form made out of the config table: the seven settings that matter in a row, all of them by group below. */

import { counted } from '../../math/format.ts';
import {
  CONFIG_KEYS,
  type ConfigKey,
  diffConfig,
  FIELD_GROUPS,
  type Field,
  fieldOf,
  knownRewards,
  parseConfig,
} from '../../protocol/config.ts';
import type { ModelSummary } from '../../protocol/messages.ts';
import { hasWhatIsSet } from '../../protocol/of-model.ts';
import { settingsQuestionLine } from '../../protocol/own-questions.ts';
import { isPresetName, PRESETS, presetsFor } from '../../protocol/presets.ts';
import { REWARD_PARAMETERS } from '../../rewards/index.ts';
import { promptsOf } from '../../store/prompts.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isActive } from '../../store/state.ts';
import { draftProblems } from '../../store/studio.ts';
import { BareAnswersWarning } from '../data/bare-answers-warning.tsx';
import { FreeFormWarning } from '../data/free-form-warning.tsx';
import { OwnQuestionsNotice, presetOf } from '../data/own-questions-notice.tsx';
import { inLabels } from '../parts/in-labels.ts';
import { useFields } from '../parts/use-words.ts';
import { Problems } from '../shell/notices.tsx';
import { EmotionRequest } from './emotion-request.tsx';
import { FieldControl } from './field-control.tsx';
import { MendRewards } from './mend-rewards.tsx';
import { PromptWarnings } from './prompt-warnings.tsx';
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

/** The reward that a setting is one of. */
const REWARD_OF = new Map<ConfigKey, string>(REWARD_PARAMETERS.map(({ key, reward }) => [key, reward]));

/** Whether a setting is one of a reward that is not chosen. */
function isIdle(key: ConfigKey, rewards: unknown): boolean {
  const reward = REWARD_OF.get(key);
  return reward !== undefined && Array.isArray(rewards) && !rewards.includes(reward);
}

/** Whether a setting has a control, and does anything with the model that is open. */
function applies(model: ModelSummary | undefined, key: ConfigKey): boolean {
  if (fieldOf(key).kind === 'structure') return false;
  if (!model) return true;
  return hasWhatIsSet(model, key) && (key !== 'question' || model.senses.length > 0);
}

/** Groups with those of their settings that apply. */
const groupsFor = (model: ModelSummary | undefined, rewards: unknown) =>
  FIELD_GROUPS.map((group) => ({
    group,
    keys: CONFIG_KEYS.filter(
      (key) => fieldOf(key).group === group && applies(model, key) && !isIdle(key, rewards),
    ),
  })).filter(({ keys }) => keys.length > 0);

export function AllSettings() {
  const model = useStudioState((state) => state.model);
  const rewards = useStudioState(({ draft }) => draft.rewards);
  return (
    <details className="all-settings">
      <summary data-testid="all-settings">All settings</summary>
      <PresetChoice />
      {groupsFor(model, rewards).map(({ group, keys }) => (
        <fieldset key={group} data-testid={`group-${group}`}>
          <legend>{group}</legend>
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
        {presetsFor(model).map((name) => (
          <option key={name} value={name}>
            {PRESETS[name].label}: {PRESETS[name].help}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The rewards that can be chosen are the built-in ones, and those of the person's own. */
function useOffered(row: Field, key: ConfigKey): Field {
  const sources = useStudioState(({ draft }) => draft.rewardSources);
  const models = useStudioState(({ draft }) => draft.rewardModels);
  if (key !== 'rewards' || !Array.isArray(sources) || !Array.isArray(models)) return row;
  return { ...row, choices: knownRewards({ rewardSources: sources, rewardModels: models }) };
}

/** One setting; `brief` leaves the help to the tooltip. */
function SettingField({ field, brief }: { field: ConfigKey; brief: boolean }) {
  const studio = useStudio();
  const value = useStudioState(({ draft }) => draft[field]);
  const row = useOffered(useFields()(field), field);
  const id = `${brief ? 'main' : 'all'}-${field}`;
  const wide = row.kind === 'text' || row.kind === 'list';
  return (
    <div className={`setting ${row.kind} ${wide ? 'wide' : ''}`} title={brief ? row.help : undefined}>
      <FieldControl
        id={id}
        field={row}
        value={value}
        onValue={(next) => studio.edit(field, next)}
        testId={`${brief ? '' : 'all-'}field-${field}`}
        describedBy={brief ? undefined : `${id}-help`}
      />
      {!brief && (
        <div className="muted help" id={`${id}-help`}>
          {field === 'question' && <QuestionUse />}
          {field === 'promptTemplate' && <TemplateUse />}
          <p>
            {row.help} {row.trl && <code>{row.trl}</code>}
          </p>
          {row.about?.[String(value)] && (
            <p>
              <b>{String(value)}</b>: {row.about[String(value)]}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

/** Of which rows the question of the settings is asked, where it is not asked of all. */
function QuestionUse() {
  const line = useStudioState(({ data, draft }) => {
    const promptPreset = presetOf(draft);
    const promptTemplate = String(draft.promptTemplate);
    return data && settingsQuestionLine(data.questions, { promptPreset, promptTemplate }, data.count);
  });
  return line ? (
    <p className="question-use" data-testid="question-use">
      {line}
    </p>
  ) : null;
}

/** What the template cannot ask, under the field while it is written. */
function TemplateUse() {
  const report = useStudioState(promptsOf);
  const isUsed = useStudioState(({ draft }) => String(draft.promptTemplate).trim() !== '');
  const [first] = report?.refused ?? [];
  if (!isUsed || !report || !first) return null;
  return (
    <p className="field-problem" role="status" data-testid="template-use">
      {report.refused.length} of {counted(report.rows, 'row')} left out. <code>{first.id}</code>{' '}
      {first.message}
    </p>
  );
}
