/** One setting of the form: its control, and its help where there is room. */
import { counted } from '../../math/format.ts';
import { type ConfigKey, fieldOf } from '../../protocol/config.ts';
import { settingsQuestionLine } from '../../protocol/own-questions.ts';
import { promptsOf } from '../../store/prompts.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { sameValue } from '../../store/settings.ts';
import { presetOf } from '../data/own-questions-notice.tsx';
import { PaperLink } from '../parts/paper-link.tsx';
import { useFields } from '../parts/use-words.ts';
import { FieldControl } from './field-control.tsx';
import { valueText } from './settings/setting-value.ts';

/** `brief` leaves the help to the tooltip. */
export function SettingField({ field, brief }: { field: ConfigKey; brief: boolean }) {
  const studio = useStudio();
  const value = useStudioState(({ draft }) => draft[field]);
  const row = useFields()(field);
  const id = `${brief ? 'main' : 'all'}-${field}`;
  const paper = row.paperOf?.[String(value)] ?? row.paper;
  const wide = row.kind === 'text' || row.kind === 'list';
  return (
    <div className={`setting ${row.kind} ${wide ? 'wide' : ''}`} title={brief ? row.help : undefined}>
      <FieldControl
        id={id}
        field={row}
        value={value}
        onValue={(next) => studio.edit(field, next)}
        testId={`${brief ? '' : 'all-'}field-${field}`}
        describedBy={brief ? undefined : `${id}-help`}
      />
      <WayBack field={field} label={row.label} value={value} brief={brief} />
      {!brief && (
        <div className="muted help" id={`${id}-help`}>
          {field === 'question' && <QuestionUse />}
          {field === 'promptTemplate' && <TemplateUse />}
          <p>
            {row.help} {row.trl && <code>{row.trl}</code>} {paper && <PaperLink id={paper} />}
          </p>
          {row.about?.[String(value)] && (
            <p>
              <b>{String(value)}</b>: {row.about[String(value)]}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

interface WayBackProps {
  field: ConfigKey;
  label: string;
  value: unknown;
  /** A sign instead of words. */
  brief: boolean;
}

/** Marks a setting that is not as the model that is open has it, and takes it back. */
function WayBack({ field, label, value, brief }: WayBackProps) {
  const studio = useStudio();
  const usual = useStudioState(({ settings }) => settings.basis.values[field]);
  if (sameValue(usual, value)) return null;
  const was = valueText(fieldOf(field), usual);
  return (
    <button
      type="button"
      className="link way-back"
      data-testid={`back-${field}`}
      aria-label={`${label}: changed, back to ${was}`}
      title={`Changed. Back to ${was}`}
      onClick={({ currentTarget }) => {
        currentTarget.closest('.setting')?.querySelector<HTMLElement>('input, select, textarea')?.focus();
        studio.edit(field, usual);
      }}
    >
      {brief ? <span aria-hidden="true">↺</span> : `back to ${was}`}
    </button>
  );
}

/** Of which rows the question of the settings is asked, where it is not asked of all. */
function QuestionUse() {
  const line = useStudioState(({ data, draft }) => {
    const promptPreset = presetOf(draft);
    const promptTemplate = String(draft.promptTemplate);
    return data && settingsQuestionLine(data.questions, { promptPreset, promptTemplate }, data.count);
  });
  return line ? (
    <p className="question-use" data-testid="question-use">
      {line}
    </p>
  ) : null;
}

/** What the template cannot ask, under the field while it is written. */
function TemplateUse() {
  const report = useStudioState(promptsOf);
  const isUsed = useStudioState(({ draft }) => String(draft.promptTemplate).trim() !== '');
  const [first] = report?.refused ?? [];
  if (!isUsed || !report || !first) return null;
  return (
    <p className="field-problem" role="status" data-testid="template-use">
      {report.refused.length} of {counted(report.rows, 'row')} left out. <code>{first.id}</code>{' '}
      {first.message}
    </p>
  );
}
