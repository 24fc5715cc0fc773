/** The seven settings that matter in a row, made out of the config table, and what is said of the form before Start. */

import { CONFIG_KEYS, fieldOf } from '../../protocol/config.ts';
import { useStudioState } from '../../store/react.ts';
import { isActive } from '../../store/run-state.ts';
import { BareAnswersWarning } from '../data/bare-answers-warning.tsx';
import { FreeFormWarning } from '../data/free-form-warning.tsx';
import { OwnQuestionsNotice } from '../data/own-questions-notice.tsx';
import { StepPlan } from '../parts/step-plan.tsx';
import { useAskedPlan } from '../parts/use-plan.ts';
import { Problems } from '../shell/notices.tsx';
import { EmotionRequest } from './emotion-request.tsx';
import { MendRewards } from './mend-rewards.tsx';
import { PromptWarnings } from './prompt-warnings.tsx';
import { RewardsLine } from './rewards/rewards-panel.tsx';
import { SettingField } from './setting-field.tsx';
import { DraftState } from './settings/draft-state.tsx';
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
      <TypedPlan />
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

/** What a step comes to, as it is typed. */
function TypedPlan() {
  useAskedPlan({ eager: false });
  return <StepPlan />;
}

/** Once a run has left weights, the next one may begin from them. */
function BeginFrom() {
  const offered = useStudioState(
    ({ draft, steps, run }) => draft.startFrom !== 'published' || (steps.length > 0 && !isActive(run.state)),
  );
  return offered ? <SettingField field="startFrom" brief /> : null;
}
