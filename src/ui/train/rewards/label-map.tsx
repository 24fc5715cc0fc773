/** Which label of a model an answer of the data stands for. */
import { useId, useState } from 'react';
import type { ModelLabel } from '../../../rewards/model-mapping.ts';
import { useStudioState } from '../../../store/react.ts';
import { HeldButton } from '../../parts/held-button.tsx';
import { useFocusHandover } from '../../parts/use-focus-handover.ts';
import { type AnswerRow, answerRows, labelAt, labelOf, type MappingDraft, withAnswer } from './mapping.ts';

interface SelectProps {
  readonly id: string;
  readonly labels: readonly string[];
  /** A label, or the value of `first`. */
  readonly value: ModelLabel;
  /** What stands above the labels, and stands for none of them. */
  readonly first: { readonly value: string; readonly words: string };
  readonly onLabel: (label: ModelLabel | undefined) => void;
  readonly invalid?: boolean;
  /** Its name where no label stands beside it. */
  readonly name?: string;
}

/** One of a model's labels, by its number. */
export function LabelSelect({ id, labels, value, first, onLabel, invalid = false, name }: SelectProps) {
  const at = value === first.value ? first.value : String(labelAt(value, labels));
  return (
    <select
      id={id}
      data-testid={id}
      aria-label={name}
      aria-describedby={name === undefined ? `${id}-help` : undefined}
      aria-invalid={invalid || at === '-1'}
      value={at}
      onChange={({ target }) =>
        onLabel(target.value === first.value ? undefined : labelOf(Number(target.value), labels))
      }
    >
      <option value={first.value}>{first.words}</option>
      {at === '-1' && <option value="-1">{String(value)}, which the model lacks</option>}
      {labels.map((label, number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a label is its number; names may repeat.
        <option key={number} value={number}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** Answers of free text are too many to list: those beyond are read by their names. */
const MOST_ANSWERS = 60;
const ITSELF = 'itself';

interface MapProps {
  readonly mapping: MappingDraft;
  readonly labels: readonly string[];
  readonly onMap: (byAnswer: Record<string, ModelLabel>) => void;
}

export function LabelMap({ mapping, labels, onMap }: MapProps) {
  const data = useStudioState((state) => state.data);
  const found = data?.labels.map(({ label }) => label) ?? [];
  const rows = answerRows(mapping, found.slice(0, MOST_ANSWERS), labels);
  const byAnswer = typeof mapping.label === 'object' ? mapping.label.byAnswer : {};
  const lost = rows.filter(({ named, byItself }) => named === undefined && byItself === undefined);
  return (
    <div className="label-map">
      <table>
        <caption className="sr-only">The label that each answer stands for</caption>
        <thead>
          <tr>
            <th scope="col">Answer of the row</th>
            <th scope="col">Label of the model</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <MapRow
              key={row.answer}
              row={row}
              labels={labels}
              onLabel={(label) => onMap(withAnswer(byAnswer, row.answer, label))}
            />
          ))}
        </tbody>
      </table>
      <AddAnswer onAnswer={(answer) => onMap(withAnswer(byAnswer, answer, labelOf(0, labels)))} />
      {lost.length > 0 && (
        <p className="field-problem" role="status" data-testid="answers-without-label">
          No label for {lost.map(({ answer }) => answer).join(', ')}: answers to such rows are not scored.
        </p>
      )}
    </div>
  );
}

interface RowProps {
  readonly row: AnswerRow;
  readonly labels: readonly string[];
  readonly onLabel: (label: ModelLabel | undefined) => void;
}

function MapRow({ row: { answer, named, byItself }, labels, onLabel }: RowProps) {
  const id = useId();
  const place = useFocusHandover<HTMLTableRowElement>();
  const itself = byItself === undefined ? 'no label' : `${labels[byItself]}, as it is read`;
  return (
    <tr ref={place} data-testid="answer-row">
      <th scope="row">{answer}</th>
      <td>
        <LabelSelect
          id={id}
          name={`Label of ${answer}`}
          labels={labels}
          value={named ?? ITSELF}
          first={{ value: ITSELF, words: itself }}
          invalid={named === undefined && byItself === undefined}
          onLabel={onLabel}
        />
      </td>
    </tr>
  );
}

function AddAnswer({ onAnswer }: { onAnswer: (answer: string) => void }) {
  const [text, setText] = useState('');
  const add = () => {
    if (text.trim() === '') return;
    onAnswer(text.trim());
    setText('');
  };
  return (
    <p className="buttons">
      <input
        type="text"
        aria-label="Another answer"
        placeholder="another answer"
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={({ key }) => key === 'Enter' && add()}
      />
      <HeldButton disabled={text.trim() === ''} onClick={add}>
        Add
      </HeldButton>
    </p>
  );
}
