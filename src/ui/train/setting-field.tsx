/** One setting of the form: its control, and its help where there is room. */
import { counted } from '../../math/format.ts';
import type { ConfigKey } from '../../protocol/config.ts';
import { settingsQuestionLine } from '../../protocol/own-questions.ts';
import { promptsOf } from '../../store/prompts.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { presetOf } from '../data/own-questions-notice.tsx';
import { useFields } from '../parts/use-words.ts';
import { FieldControl } from './field-control.tsx';

/** `brief` leaves the help to the tooltip. */
export function SettingField({ field, brief }: { field: ConfigKey; brief: boolean }) {
  const studio = useStudio();
  const value = useStudioState(({ draft }) => draft[field]);
  const row = useFields()(field);
  const id = `${brief ? 'main' : 'all'}-${field}`;
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
      {!brief && (
        <div className="muted help" id={`${id}-help`}>
          {field === 'question' && <QuestionUse />}
          {field === 'promptTemplate' && <TemplateUse />}
          <p>
            {row.help} {row.trl && <code>{row.trl}</code>}
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
