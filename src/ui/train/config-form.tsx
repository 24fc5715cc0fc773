/** The seven settings that matter in a row, made out of the config table, and what is said of the form before Start. */

import { CONFIG_KEYS, diffConfig, fieldOf, parseConfig } from '../../protocol/config.ts';
import { useStudioState } from '../../store/react.ts';
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
import { RewardsLine } from './rewards/rewards-panel.tsx';
import { SettingField } from './setting-field.tsx';
import { SettingsLine } from './settings-line.tsx';
import { TypedRows } from './typed-rows.tsx';

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
      <TypedRows />
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
