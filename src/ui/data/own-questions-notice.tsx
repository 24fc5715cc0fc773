import { PROMPT_PRESETS } from '../../protocol/config.ts';
import { otherQuestionsLine } from '../../protocol/own-questions.ts';
import { useStudioState } from '../../store/react.ts';
import type { StudioState } from '../../store/state.ts';

/** Says that rows ask something that the run does not. */
export function OwnQuestionsNotice() {
  const line = useStudioState(lineOf);
  return line ? (
    <p className="notice" data-testid="own-questions">
      ⚠ {line}
    </p>
  ) : null;
}

function lineOf({ data, draft: { promptPreset, question } }: StudioState): string | undefined {
  if (!data) return undefined;
  const preset = PROMPT_PRESETS.find((name) => name === promptPreset) ?? 'canonical';
  return otherQuestionsLine(data.questions, { promptPreset: preset, question: String(question) });
}
