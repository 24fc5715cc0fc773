/** Data: bring clips in, see that they arrived, and look at one as the model does. */
import { useState } from 'react';
import { counted } from '../../math/format.ts';
import type { DataSummary } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { canPickFolder, pickFolder } from '../model/folder-handles.ts';
import { openFolder } from '../model/kept-folders.ts';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { shortened } from '../parts/shortened.ts';
import { useWords } from '../parts/use-words.ts';
import { Problems } from '../shell/notices.tsx';
import { ClipList } from './clip-list.tsx';
import { ClipView } from './clip-view.tsx';
import { DropZone } from './drop-zone.tsx';
import { FreeFormWarning } from './free-form-warning.tsx';
import { HowReadPanel } from './how-read.tsx';
import { KeptData } from './kept-data.tsx';
import { labelWord } from './label-notes.ts';
import { LabelTable, MOST_LABELS } from './label-table.tsx';
import { LeftOut, Notes } from './left-out.tsx';
import { openGiven } from './open-files.ts';
import { OwnQuestionsNotice } from './own-questions-notice.tsx';
import { PromptLengths } from './prompt-report.tsx';

export default function DataScreen() {
  const studio = useStudio();
  const data = useStudioState((state) => state.data);
  const words = useWords();
  const pick = async () => {
    const folder = await pickFolder('data');
    if (folder) await openFolder(studio, 'data', folder);
  };
  return (
    <>
      <DropZone
        onFiles={(files) => fire(openGiven(studio, files, 'data'))}
        onPickFolder={canPickFolder() ? () => fire(pick()) : undefined}
      >
        Drop a folder of clips with a <code>.json</code>, <code>.jsonl</code> or <code>.csv</code> that names
        their labels, a <code>.zip</code> of one, or <code>.parquet</code> files with their clips in them; or
        DFEW, MAFW, RAVDESS or a folder per class as they are; for a language model a list of questions and
        answers. Nothing is uploaded.
      </DropZone>
      <KeptData />
      <Problems commands={['openData', 'openDemo']} />
      {data ? (
        <DataSet data={data} />
      ) : (
        <Empty>{words('Your clips will be listed here, once a folder is dropped or chosen above.')}</Empty>
      )}
    </>
  );
}

function DataSet({ data }: { data: DataSummary }) {
  const [chosen, setLabel] = useState<string>();
  // Another data set may have no such label.
  const label = data.labels.some((row) => row.label === chosen) ? chosen : undefined;
  const shown =
    label === undefined ? data.examples : data.examples.filter((example) => example.label === label);
  const { train, val, test } = data.splits;
  const words = useWords();
  const labels = listsLabels(data);
  return (
    <>
      <p className="lead" data-testid="data-summary">
        <strong className="number">{data.count}</strong> {words(data.count === 1 ? 'clip' : 'clips')} ·{' '}
        {counted(data.labels.length, labelWord(data))} ·{' '}
        <span className="together">
          train {train} / val {val} / test {test}
        </span>
      </p>
      <HowRead data={data} />
      {data.reading && <HowReadPanel reading={data.reading} />}
      <FreeFormWarning />
      <OwnQuestionsNotice />
      <PromptLengths />
      <LeftOut issues={data.issues} skipped={data.skipped} />
      <Notes issues={data.issues} />
      <div className="columns">
        <div className="stack">
          {labels && (
            <Panel title={labelWord(data) === 'label' ? 'Labels' : 'Answers'}>
              <LabelTable labels={data.labels} word={labelWord(data)} />
            </Panel>
          )}
          <Panel
            title={words('Clips')}
            aside={labels && <LabelFilter data={data} label={label} onLabel={setLabel} />}
          >
            <ClipList examples={shown} total={data.examples.length} />
          </Panel>
        </div>
        <ClipView />
      </div>
    </>
  );
}

/** Where most questions have an answer of their own, a list of answers is a second list of questions. */
const listsLabels = (data: DataSummary): boolean =>
  labelWord(data) === 'label' || 2 * data.labels.length <= data.count;

function HowRead({ data }: { data: DataSummary }) {
  const studio = useStudio();
  const state = useStudioState(({ run }) => run.state);
  const { name, format, rows, division, folds } = data;
  return (
    <p className="muted toolbar" data-testid="data-how">
      <span>
        <strong>{name}</strong>, read as {format}, {counted(rows, 'row')}. Splits:{' '}
        {division.charAt(0).toLowerCase() + division.slice(1)}
      </span>
      {folds && (
        <select
          aria-label="Fold"
          value={folds.chosen}
          disabled={isUnderWay(state)}
          onChange={(event) => fire(studio.chooseFold(Number(event.target.value)))}
        >
          {folds.available.map((fold) => (
            <option key={fold} value={fold}>
              fold {fold}
            </option>
          ))}
        </select>
      )}
    </p>
  );
}

interface FilterProps {
  data: DataSummary;
  label: string | undefined;
  onLabel: (label: string | undefined) => void;
}

function LabelFilter({ data, label, onLabel }: FilterProps) {
  const words = useWords();
  const word = labelWord(data);
  return (
    <select
      aria-label={words(`Show clips with the ${word}`)}
      value={label ?? ''}
      onChange={(event) => onLabel(event.target.value || undefined)}
    >
      <option value="">all {word}s</option>
      {data.labels.slice(0, MOST_LABELS).map((row) => (
        <option key={row.label} value={row.label}>
          {shortened(row.label)}
        </option>
      ))}
    </select>
  );
}
