/** What a step of the form comes to: answers, tokens, passes, memory and time, as far as they are planned. */
import { counted, formatBytes, formatCount, formatDuration } from '../../math/format.ts';
import type { Config } from '../../protocol/config.ts';
import { type StepTime, stepTime } from '../../protocol/step-time.ts';
import { useStudioState } from '../../store/react.ts';
import { draftProblems } from '../../store/studio.ts';
import { useWords } from './use-words.ts';

export function StepPlan() {
  const draft = useStudioState((state) => state.draft);
  const steps = useStudioState((state) => state.steps);
  const known = useStudioState(({ plan }) => (plan?.draft === draft ? plan : undefined));
  const words = useWords();
  if (draftProblems(draft).length > 0) return null;
  const { promptsPerStep, groupSize, maxCompletionLength, numIterations, stage } = draft as Config;
  const clips = words(promptsPerStep === 1 ? 'clip' : 'clips');
  const answers = promptsPerStep * groupSize;
  const plan = known?.plan;
  const time = plan && stepTime(plan, known.ceilings, steps);
  return (
    <p className="muted step-plan" data-testid="step-plan">
      A step:{' '}
      {stage === 'sft'
        ? `${promptsPerStep} ${clips}`
        : `${promptsPerStep} ${clips} × ${groupSize} answers = ${counted(answers, 'answer')} of up to ${formatCount(maxCompletionLength)} tokens`}
      {plan &&
        `, ${formatCount(plan.work.promptTokens + plan.work.answerTokens)} tokens with the prompts at most`}
      {numIterations > 1 && `, ${numIterations} passes over them`}
      {plan && plan.passes.perGroup > 1 && `, each group in ${plan.passes.perGroup} parts`}
      {plan && `; ${formatBytes(plan.peak.training)} of GPU memory`}
      {time && `; ${timeWords(time)}`}.
    </p>
  );
}

/** An estimate, and what it stands on. */
function timeWords({ seconds, by }: StepTime): string {
  const time = formatDuration(seconds);
  return by === 'steps'
    ? `about ${time} with the longest answers, by the pace of the last steps (an estimate)`
    : `at least ${time} with the longest answers, by what this GPU can do at best (an estimate)`;
}
