import { PROMPT_PRESETS } from '../../protocol/config.ts';
import { asksInVain, otherQuestionsLine } from '../../protocol/own-questions.ts';
import { useStudioState } from '../../store/react.ts';
import type { StudioState } from '../../store/state.ts';

/** Says which questions of rows are asked, and which are not. */
export function OwnQuestionsNotice() {
  const line = useStudioState(lineOf);
  const warns = useStudioState(
    ({ data, draft }) => data !== undefined && asksInVain(data.questions, { promptPreset: presetOf(draft) }),
  );
  if (!line) return null;
  return warns ? (
    <p className="notice" data-testid="own-questions">
      ⚠ {line}
    </p>
  ) : (
    <p className="muted" data-testid="own-questions">
      {line}
    </p>
  );
}

/** The prompt of a form; while it is none, the default. */
export const presetOf = ({ promptPreset }: StudioState['draft']) =>
  PROMPT_PRESETS.find((name) => name === promptPreset) ?? 'canonical';

function lineOf({ data, draft }: StudioState): string | undefined {
  if (!data) return undefined;
  const { question, promptTemplate } = draft;
  const asking = {
    promptPreset: presetOf(draft),
    question: String(question),
    promptTemplate: String(promptTemplate ?? ''),
  };
  return otherQuestionsLine(data.questions, asking, data.count);
}
