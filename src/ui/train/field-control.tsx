/** One control per kind of field. What is typed and cannot be read stays as typed: the check then names it. */
import { useEffect, useId, useState } from 'react';
import type { Field } from '../../protocol/config.ts';
import { readNumber, readNumbers, writeNumber, writeNumbers } from './read-field.ts';

interface ControlProps {
  id: string;
  field: Field;
  value: unknown;
  onValue: (value: unknown) => void;
  testId: string;
  /** Id of what explains the control. */
  describedBy?: string | undefined;
  /** What it is a setting of, where only its place says so to the eye. */
  of?: string | undefined;
}

export function FieldControl(props: ControlProps) {
  const { id, field, value, onValue, testId, describedBy } = props;
  switch (field.kind) {
    case 'int':
    case 'float':
      return <TextControl {...props} read={(text) => readNumber(text, field.nullable)} write={writeNumber} />;
    case 'numbers':
      return <TextControl {...props} read={readNumbers} write={writeNumbers} />;
    case 'text':
      return <LongTextControl {...props} />;
    case 'choice':
      return <ChoiceControl {...props} />;
    case 'list':
      return <ListControl {...props} />;
    case 'flag':
      return (
        <label htmlFor={id}>
          <input
            id={id}
            type="checkbox"
            data-testid={testId}
            aria-describedby={describedBy}
            checked={value === true}
            onChange={({ target }) => onValue(target.checked)}
          />{' '}
          {field.label}
        </label>
      );
    case 'structure':
      return null;
    default:
      return field.kind satisfies never;
  }
}

/** "Most frames" says that it counts frames. */
const namesUnit = ({ label, unit }: Field): boolean =>
  unit !== undefined && label.toLowerCase().split(' ').includes(unit);

function FieldLabel({ id, field, of }: Pick<ControlProps, 'id' | 'field' | 'of'>) {
  return (
    <label htmlFor={id}>
      {field.label}
      {of !== undefined && <span className="sr-only"> of {of}</span>}
      {field.unit && !namesUnit(field) && <span className="muted"> {field.unit}</span>}
    </label>
  );
}

type TextProps = ControlProps & { read: (text: string) => unknown; write: (value: unknown) => string };

/** A line of text that stands for a value; what is being typed is left alone until it stands for another one. */
function TextControl({ id, field, of, value, onValue, testId, describedBy, read, write }: TextProps) {
  const [text, setText] = useState(() => write(value));
  const steps = useId();
  const same = JSON.stringify(read(text)) === JSON.stringify(value);
  useEffect(() => {
    if (!same) setText(write(value));
  }, [same, value, write]);
  const bad = !field.schema.safeParse(value).success;
  return (
    <>
      <FieldLabel id={id} field={field} of={of} />
      <input
        id={id}
        type="text"
        inputMode="decimal"
        className="number"
        data-testid={testId}
        aria-describedby={describedBy}
        aria-invalid={bad}
        list={field.ladder ? steps : undefined}
        placeholder={field.nullable ? 'off' : undefined}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          onValue(read(target.value));
        }}
      />
      {field.ladder && (
        <datalist id={steps}>
          {field.ladder.map((rung) => (
            <option key={rung} value={writeNumber(rung)} />
          ))}
        </datalist>
      )}
    </>
  );
}

function LongTextControl({ id, field, of, value, onValue, testId, describedBy }: ControlProps) {
  return (
    <>
      <FieldLabel id={id} field={field} of={of} />
      <textarea
        id={id}
        rows={2}
        dir="auto"
        data-testid={testId}
        aria-describedby={describedBy}
        value={String(value)}
        onChange={({ target }) => onValue(target.value)}
      />
    </>
  );
}

function ChoiceControl({ id, field, of, value, onValue, testId, describedBy }: ControlProps) {
  return (
    <>
      <FieldLabel id={id} field={field} of={of} />
      <select
        id={id}
        data-testid={testId}
        aria-describedby={describedBy}
        value={String(value)}
        onChange={({ target }) => onValue(target.value)}
      >
        {field.choices?.map((word) => (
          <option key={word} value={word}>
            {word}
          </option>
        ))}
      </select>
    </>
  );
}

/** Words keep the table's order, whatever the order of clicking. */
function ListControl({ id, field, value, onValue, testId, describedBy }: ControlProps) {
  const chosen: readonly string[] = Array.isArray(value) ? value : [];
  const offered = [...new Set([...(field.choices ?? []), ...chosen])];
  const toggle = (word: string, on: boolean) =>
    onValue(offered.filter((each) => (each === word ? on : chosen.includes(each))));
  return (
    <fieldset id={id} className="group" data-testid={testId} aria-describedby={describedBy}>
      <legend>{field.label}</legend>
      <span className="checks">
        {offered.map((word) => (
          <label key={word}>
            <input
              type="checkbox"
              checked={chosen.includes(word)}
              onChange={({ target }) => toggle(word, target.checked)}
            />{' '}
            {word}
          </label>
        ))}
      </span>
    </fieldset>
  );
}
