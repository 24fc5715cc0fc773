import { parseConfig } from '../../protocol/config.ts';
import { ANSWER_REQUEST, emotionRequestLine } from '../../protocol/emotion-request.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { draftProblems } from '../../store/studio.ts';

/** Says that rows of any question are asked for an emotion, and offers the request that asks for an answer. */
export function EmotionRequest() {
  const studio = useStudio();
  const line = useStudioState(({ data, draft }) =>
    data === undefined || draftProblems(draft).length > 0
      ? undefined
      : emotionRequestLine(data, parseConfig(draft)),
  );
  return line ? (
    <p className="notice" data-testid="emotion-request">
      ⚠ {line}{' '}
      <button type="button" onClick={() => studio.edit('instruction', ANSWER_REQUEST)}>
        Ask for the final answer
      </button>
    </p>
  ) : null;
}
