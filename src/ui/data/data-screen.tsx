/** Data: bring clips in, see that they arrived, and look at one as the model does. */
import { useState } from 'react';
import type { DataIssue, DataSummary } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { Bars } from '../parts/bars.tsx';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { ClipList } from './clip-list.tsx';
import { ClipView } from './clip-view.tsx';
import { DropZone } from './drop-zone.tsx';
import { openFiles, planFiles } from './open-files.ts';

/** Below this many clips a label's recall says little. */
const FEW = 15;

export default function DataScreen() {
  const studio = useStudio();
  const data = useStudioState((state) => state.data);
  return (
    <>
      <DropZone onFiles={(files) => fire(openFiles(studio, planFiles(files, 'data')))}>
        Drop a folder of clips with a <code>.json</code>, <code>.jsonl</code> or <code>.csv</code> that names
        their labels. Nothing is uploaded.
      </DropZone>
      <Problems commands={['openData', 'openDemo']} />
      {data ? (
        <DataSet data={data} />
      ) : (
        <Empty>Your clips will be listed here, once a folder is dropped or chosen above.</Empty>
      )}
    </>
  );
}

function DataSet({ data }: { data: DataSummary }) {
  const [label, setLabel] = useState<string>();
  const shown =
    label === undefined ? data.examples : data.examples.filter((example) => example.label === label);
  const { train, val, test } = data.splits;
  return (
    <>
      <p className="lead" data-testid="data-summary">
        <strong className="number">{data.count}</strong> clips · {data.labels.length} labels · train {train} /
        val {val} / test {test}
      </p>
      <Issues issues={data.issues} />
      <div className="columns">
        <div className="stack">
          <Panel title="Labels">
            <LabelBars data={data} />
          </Panel>
          <Panel title="Clips" aside={<LabelFilter data={data} label={label} onLabel={setLabel} />}>
            <ClipList examples={shown} total={data.count} />
          </Panel>
        </div>
        <ClipView />
      </div>
    </>
  );
}

function LabelBars({ data }: { data: DataSummary }) {
  const bars = data.labels.map(({ label, count }) => ({
    name: label,
    value: count,
    note: count < FEW ? '⚠ few: its recall will be noisy' : undefined,
  }));
  return <Bars bars={bars} caption="Clips by label" />;
}

interface FilterProps {
  data: DataSummary;
  label: string | undefined;
  onLabel: (label: string | undefined) => void;
}

function LabelFilter({ data, label, onLabel }: FilterProps) {
  return (
    <select
      aria-label="Show clips of label"
      value={label ?? ''}
      onChange={(event) => onLabel(event.target.value || undefined)}
    >
      <option value="">all labels</option>
      {data.labels.map((row) => (
        <option key={row.label} value={row.label}>
          {row.label}
        </option>
      ))}
    </select>
  );
}

function Issues({ issues }: { issues: readonly DataIssue[] }) {
  if (issues.length === 0) return null;
  return (
    <details className="notice" data-testid="data-issues">
      <summary>
        ⚠ {issues.length} {issues.length === 1 ? 'problem' : 'problems'} in the files; everything else was
        kept
      </summary>
      <ul>
        {issues.slice(0, 200).map(({ file, row, message, hint }) => (
          <li key={`${file}:${row ?? ''}:${message}`}>
            <code>
              {file}
              {row === undefined ? '' : ` row ${row}`}
            </code>{' '}
            {message} <span className="muted">{hint}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
