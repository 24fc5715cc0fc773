/** One reward that a model is: what the run calls it, and how the model is read. */
import { useState } from 'react';
import { labelProblem, MAPPING_NAMES, namedMapping } from '../../../protocol/reward-models.ts';
import type { ModelLabel } from '../../../rewards/model-mapping.ts';
import { useStudio, useStudioState } from '../../../store/react.ts';
import {
  changedReward,
  nameHindrance,
  type RewardModelEntry,
  removedRewards,
} from '../../../store/reward-models.ts';
import { RemoveButton } from '../../parts/kept-row.tsx';
import { useFocusHandover } from '../../parts/use-focus-handover.ts';
import { FieldControl } from '../field-control.tsx';
import { LabelMap, LabelSelect } from './label-map.tsx';
import {
  draftOf,
  fieldsOf,
  type MappingDraft,
  type MappingField,
  mappingField,
  mappingName,
} from './mapping.ts';

interface FormProps {
  readonly entry: RewardModelEntry;
  /** Of the model. */
  readonly labels: readonly string[];
}

/** Forms by the names of their rewards: under another name it is the same form, which the focus stays in. */
const forms = new Map<string, number>();
let formsMade = 0;

export function formOf(name: string): number {
  const form = forms.get(name) ?? formsMade++;
  forms.set(name, form);
  return form;
}

function renameForm(from: string, to: string): void {
  forms.set(to, formOf(from));
  forms.delete(from);
}

export function MappingForm({ entry, labels }: FormProps) {
  const studio = useStudio();
  const place = useFocusHandover<HTMLFieldSetElement>();
  const { name } = entry;
  const mapping = draftOf(entry.mapping);
  const id = `mapping-${name}`;
  const draft = () => studio.store.getState().draft;
  const change = (next: MappingDraft) =>
    studio.editAll(changedReward(draft(), name, { mapping: { ...next } }));
  const problem = labelProblem(mapping, labels);
  return (
    <fieldset ref={place} className="mapping" data-testid={id}>
      <legend>The reward {name}</legend>
      <div className="settings">
        <NameField name={name} />
        <PresetField id={id} mapping={mapping} onMapping={change} />
        {fieldsOf(mapping).map((field) => (
          <MappingControl key={field} {...{ id, name, field, mapping }} onMapping={change} />
        ))}
        <LabelField {...{ id, mapping, labels }} onMapping={change} />
        {mapping.take === 'share' && <NeutralField {...{ id, mapping, labels }} onMapping={change} />}
      </div>
      {typeof mapping.label === 'object' && (
        <LabelMap
          {...{ mapping, labels }}
          onMap={(byAnswer) => change({ ...mapping, label: { byAnswer } })}
        />
      )}
      {problem && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
      <RemoveButton
        testId={`remove-${name}`}
        label="Take this reward out"
        question="Take it out, with how it is read?"
        onRemove={() => studio.editAll(removedRewards(draft(), (each) => each.name === name))}
      />
    </fieldset>
  );
}

/** What is typed becomes the name once it can be one. */
function NameField({ name }: { name: string }) {
  const studio = useStudio();
  const [typed, setTyped] = useState<string>();
  const text = typed ?? name;
  const draft = useStudioState((state) => state.draft);
  const hindrance = nameHindrance(draft, text, name);
  const id = `name-of-${name}`;
  const take = () => {
    if (hindrance || text === name) return;
    renameForm(name, text);
    studio.editAll(changedReward(draft, name, { name: text }));
    setTyped(undefined);
  };
  return (
    <div className="setting text">
      <label htmlFor={id}>Called</label>
      <input
        id={id}
        type="text"
        data-testid={id}
        aria-invalid={hindrance !== undefined}
        aria-describedby={`${id}-help`}
        value={text}
        onChange={({ target }) => setTyped(target.value)}
        onBlur={take}
        onKeyDown={({ key }) => key === 'Enter' && take()}
      />
      <p className={hindrance ? 'field-problem' : 'muted help'} id={`${id}-help`} role="status">
        {hindrance ?? 'Its name among the rewards, in charts and files.'}
      </p>
    </div>
  );
}

interface PartProps {
  readonly id: string;
  readonly mapping: MappingDraft;
  readonly onMapping: (mapping: MappingDraft) => void;
}

const PRESET_WORDS: Readonly<Record<string, string>> = {
  first_logit: 'as trainers use a reward model: its first logit, of prompt and answer.',
  erv: 'the share of sentences of the thinking that agree with the label, above 0.1 and at most two labels a sentence, for the 28 labels of GoEmotions.',
};

function PresetField({ id, mapping, onMapping }: PartProps) {
  const now = mappingName(mapping);
  return (
    <div className="setting choice">
      <label htmlFor={`${id}-preset`}>Mapping</label>
      <select
        id={`${id}-preset`}
        data-testid={`${id}-preset`}
        aria-describedby={`${id}-preset-help`}
        value={now ?? ''}
        onChange={({ target }) => onMapping(draftOf({ ...namedMapping(target.value) }))}
      >
        {now === undefined && <option value="">your own</option>}
        {MAPPING_NAMES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
      <p className="muted help" id={`${id}-preset-help`}>
        {now === undefined
          ? 'How the model is read, as the fields here say.'
          : `${now}: ${PRESET_WORDS[now]}`}
      </p>
    </div>
  );
}

interface ControlProps extends PartProps {
  readonly name: string;
  readonly field: MappingField;
}

function MappingControl({ id, name, field, mapping, onMapping }: ControlProps) {
  const row = mappingField(field);
  const value = mapping[field];
  const about = row.about?.[String(value)];
  return (
    <div className={`setting ${row.kind}`}>
      <FieldControl
        id={`${id}-${field}`}
        field={row}
        of={name}
        value={value}
        onValue={(next) => onMapping({ ...mapping, [field]: next })}
        testId={`${id}-${field}`}
        describedBy={`${id}-${field}-help`}
      />
      <p className="muted help" id={`${id}-${field}-help`}>
        {row.help} {about && `${value}: ${about}`}
      </p>
    </div>
  );
}

interface LabelProps extends PartProps {
  readonly labels: readonly string[];
}

const BY_ANSWER = 'row';

/** Which label counts: one of the model's, or that of each row's answer. */
function LabelField({ id, mapping, labels, onMapping }: LabelProps) {
  const { label } = mapping;
  return (
    <div className="setting choice">
      <label htmlFor={`${id}-label`}>Label that counts</label>
      <LabelSelect
        id={`${id}-label`}
        labels={labels}
        value={typeof label === 'object' ? BY_ANSWER : label}
        first={{ value: BY_ANSWER, words: "that of the row's answer" }}
        onLabel={(next) => onMapping({ ...mapping, label: next ?? { byAnswer: {} } })}
      />
      <p className="muted help" id={`${id}-label-help`}>
        One label for every row, or the label that the row's answer stands for.
      </p>
    </div>
  );
}

function NeutralField({ id, mapping, labels, onMapping }: LabelProps) {
  return (
    <div className="setting choice">
      <label htmlFor={`${id}-neutral`}>Neutral label</label>
      <LabelSelect
        id={`${id}-neutral`}
        labels={labels}
        value={mapping.neutral ?? BY_ANSWER}
        first={{ value: BY_ANSWER, words: 'none' }}
        onLabel={(next: ModelLabel | undefined) => onMapping({ ...mapping, neutral: next ?? null })}
      />
      <p className="muted help" id={`${id}-neutral-help`}>
        Texts that keep it alone are left out of the share, unless the row's own label is this one.
      </p>
    </div>
  );
}
