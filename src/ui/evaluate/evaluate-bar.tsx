/** What to evaluate and how: clips, decoding, and which senses. */
import { checkField, fieldOf } from '../../protocol/config.ts';
import { type Mute, SPLITS, type Split } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { HeldButton } from '../parts/held-button.tsx';
import { hindranceBetweenSteps } from '../parts/hindrance.ts';
import { inLabels } from '../parts/in-labels.ts';
import { inWords, useWords } from '../parts/use-words.ts';
import { FieldControl } from '../train/field-control.tsx';

const MUTES: readonly { mute?: Mute; label: string; testId: string }[] = [
  { label: 'Evaluate', testId: 'evaluate' },
  { mute: 'audio', label: 'Without sound', testId: 'evaluate-no-audio' },
  { mute: 'video', label: 'Without picture', testId: 'evaluate-no-video' },
];

/** The one way where there is no second sense. */
const WHOLE = MUTES.slice(0, 1);

type DecodingKey = 'evalDecoding' | 'evalSamples' | 'evalTemperature' | 'evalMetric';

export function EvaluateBar({ split, setSplit }: { split: Split; setSplit: (split: Split) => void }) {
  const studio = useStudio();
  const splits = useStudioState(({ data }) => data?.splits);
  const isSampled = useStudioState(({ draft }) => draft.evalDecoding !== 'greedy');
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('evaluate'));
  const hindered = useStudioState((state) => {
    const hindered = hindranceBetweenSteps(state, 'evaluate');
    return hindered ?? (state.data ? undefined : inWords(state, 'Open clips first, to evaluate.'));
  });
  // With one sense, or none, there is nothing to take away.
  const ways = useStudioState(({ model }) => model === undefined || model.senses.length > 1) ? MUTES : WHOLE;
  const words = useWords();
  const able = hindered === undefined;
  const hasTrained = useStudioState(({ run }) => run.step > 0);
  const keys: DecodingKey[] = isSampled
    ? ['evalDecoding', 'evalSamples', 'evalTemperature', 'evalMetric']
    : ['evalDecoding', 'evalMetric'];
  const problem = useStudioState(({ draft }) =>
    keys.map((key) => checkField(key, draft[key])?.message).find(Boolean),
  );
  return (
    <div className="toolbar">
      <label>
        {words('clips')}{' '}
        <select data-testid="split" value={split} onChange={({ target }) => setSplit(target.value as Split)}>
          {SPLITS.map((name) => (
            <option key={name} value={name}>
              {name}
              {splits ? ` (${splits[name]})` : ''}
            </option>
          ))}
        </select>
      </label>
      {keys.map((key) => (
        <DecodingField key={key} field={key} />
      ))}
      {ways.map(({ mute, label, testId }) => (
        <HeldButton
          key={testId}
          className={mute ? '' : 'primary'}
          data-testid={testId}
          disabled={!able || busy || problem !== undefined}
          onClick={() => fire(studio.evaluate(split, { mute }))}
        >
          {label}
        </HeldButton>
      ))}
      {hasTrained && (
        <button
          type="button"
          data-testid="evaluate-start"
          disabled={!able || busy || problem !== undefined}
          title="Puts the weights that the run began with back for one evaluation; the run's own come back after it."
          onClick={() => fire(studio.evaluate(split, { start: true }))}
        >
          Evaluate the start
        </button>
      )}
      {hindered && <span className="muted">{hindered}</span>}
      {problem && (
        <span className="field-problem" role="alert">
          {inLabels(problem)}
        </span>
      )}
    </div>
  );
}

/** A setting of the draft: a later run evaluates itself the same way. */
function DecodingField({ field }: { field: DecodingKey }) {
  const studio = useStudio();
  const value = useStudioState(({ draft }) => draft[field]);
  const row = fieldOf(field);
  return (
    <div className="setting" title={row.help}>
      <FieldControl
        id={`evaluate-${field}`}
        field={row}
        value={value}
        onValue={(next) => studio.edit(field, next)}
        testId={`evaluate-${field}`}
      />
    </div>
  );
}
