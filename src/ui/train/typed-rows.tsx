import { parseConfig } from '../../protocol/config.ts';
import { ALIKE, BY_TYPE, typedRowsLine } from '../../protocol/typed-rows.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { choiceIn, renamed, withReward } from '../../store/reward-choice.ts';
import { draftProblems } from '../../store/studio.ts';
import { inLabels } from '../parts/in-labels.ts';
import { useFocusHandover } from '../parts/use-focus-handover.ts';

/** Offers the reward that reads what kind each row says it is. */
export function TypedRows() {
  const line = useStudioState(({ data, draft }) =>
    data?.typedRows === undefined || draftProblems(draft).length > 0
      ? undefined
      : typedRowsLine(data.typedRows, parseConfig(draft)),
  );
  return line ? <Offer line={line} /> : null;
}

function Offer({ line }: { line: string }) {
  const studio = useStudio();
  const place = useFocusHandover<HTMLParagraphElement>();
  const take = () => {
    const choice = choiceIn(studio.store.getState().draft);
    const [first, ...others] = choice.rewards.filter((name) => ALIKE.includes(name));
    let next = renamed(choice, first!, BY_TYPE);
    for (const other of others) next = withReward(next, other, false, next.rewards);
    studio.editAll({ ...next, videoR1Type: 'row' });
  };
  return (
    <p ref={place} className="notice" data-testid="typed-rows">
      ⚠ {inLabels(line)}{' '}
      <button type="button" onClick={take}>
        Score by {BY_TYPE}
      </button>
    </p>
  );
}
