import { bareAnswersLine, LABEL_PROMPT } from '../../protocol/bare-answers.ts';
import { parseConfig } from '../../protocol/config.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { draftProblems } from '../../store/studio.ts';

/** Says that a supervised stage learns bare labels where tags are asked for, and offers the prompt that asks for none. */
export function BareAnswersWarning() {
  const studio = useStudio();
  const warning = useStudioState(({ data, draft }) =>
    data?.bareAnswers === undefined || draftProblems(draft).length > 0
      ? undefined
      : bareAnswersLine(data.bareAnswers, parseConfig(draft)),
  );
  return warning ? (
    <p className="notice" data-testid="bare-answers">
      ⚠ {warning}{' '}
      <button type="button" onClick={() => studio.edit('promptPreset', LABEL_PROMPT)}>
        Ask with {LABEL_PROMPT}
      </button>
    </p>
  ) : null;
}
