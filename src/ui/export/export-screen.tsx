/** Export: choose what, see how large it will be, write it, and copy the Python that loads it. */
import { useEffect, useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import type { ExportParts, MergedDtype, PlannedFile } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { hindrance } from '../parts/hindrance.ts';
import { Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { BrokenNotice } from './broken-notice.tsx';
import {
  bytesOf,
  CHOICES,
  type Choice,
  chosenFiles,
  type Draft,
  everything,
  filesOf,
  firstDraft,
  forText,
  nothingOf,
  partsOf,
  unavailable,
} from './choices.ts';
import { Exported } from './exported.tsx';
import { canPickFolder, pickFolder } from './pick-folder.ts';
import { pythonSnippet } from './python-snippet.ts';

const NO_PLAN: readonly PlannedFile[] = [];

export default function ExportScreen() {
  const running = useStudioState((state) => state.running);
  const step = useStudioState(({ run }) => run.step);
  const dtype = useStudioState(({ model }) => model?.dtype ?? 'BF16');
  const [edited, setDraft] = useState<Draft>();
  const draft = edited ?? firstDraft(dtype);
  const plan = usePlan(draft.dtype);
  const hasClips = useStudioState(({ data }) => data?.kind !== 'questions');
  const offered = hasClips ? CHOICES : CHOICES.filter(({ part }) => part !== 'clips').map(forText);
  const parts = partsOf(draft, running, step);
  return (
    <>
      <BrokenNotice />
      <Panel title="What to export">
        <ul className="export-choices">
          {offered.map((choice) => (
            <ChoiceRow
              key={choice.part}
              choice={choice}
              chosen={Boolean(parts[choice.part])}
              reason={unavailable(choice.part, running, step, draft.parts) ?? nothingOf(choice, plan)}
              bytes={bytesOf(filesOf(choice, plan))}
              onChange={(chosen) => setDraft({ ...draft, parts: { ...draft.parts, [choice.part]: chosen } })}
            >
              {choice.part === 'merged' && (
                <DtypeSelect value={draft.dtype} onChange={(value) => setDraft({ ...draft, dtype: value })} />
              )}
            </ChoiceRow>
          ))}
        </ul>
        <Actions parts={parts} bytes={bytesOf(chosenFiles(parts, plan))} />
      </Panel>
      <Problems commands={['export', 'planExport']} />
      <Exported />
      <Snippet paths={chosenFiles(parts, plan).map(({ path }) => path)} />
    </>
  );
}

function useHindrance(): string | undefined {
  return useStudioState((state) => hindrance(state, 'export'));
}

/** What an export of everything would hold; asked anew whenever the weights have changed. */
function usePlan(dtype: MergedDtype): readonly PlannedFile[] {
  const studio = useStudio();
  const able = useHindrance() === undefined;
  const step = useStudioState(({ run, running }) => (running ? run.step : 0));
  const plan = useStudioState((state) => state.exportPlan);
  useEffect(() => {
    if (able && step > 0) fire(studio.ask('planExport', { parts: everything(dtype) }));
  }, [studio, able, step, dtype]);
  return plan ?? NO_PLAN;
}

interface ChoiceRowProps {
  choice: Choice;
  chosen: boolean;
  /** Why it cannot be chosen. */
  reason: string | undefined;
  bytes: number;
  onChange: (chosen: boolean) => void;
  children: React.ReactNode;
}

function ChoiceRow({ choice, chosen, reason, bytes, onChange, children }: ChoiceRowProps) {
  const { part, label, help } = choice;
  return (
    <li>
      <label>
        <input
          type="checkbox"
          data-testid={`export-${part}`}
          disabled={reason !== undefined}
          checked={chosen && reason === undefined}
          onChange={({ target }) => onChange(target.checked)}
        />{' '}
        <span className={reason ? 'muted' : ''}>{label}</span>
      </label>
      {children}
      <span className="muted">{reason ?? help}</span>
      {bytes > 0 && !reason && (
        <span className="number muted" data-testid={`export-${part}-size`}>
          {formatBytes(bytes)}
        </span>
      )}
    </li>
  );
}

function DtypeSelect({ value, onChange }: { value: MergedDtype; onChange: (value: MergedDtype) => void }) {
  return (
    <select
      aria-label="Precision of merged weights"
      data-testid="export-dtype"
      value={value}
      onChange={({ target }) => onChange(target.value === 'f32' ? 'f32' : 'bf16')}
    >
      <option value="bf16">bf16</option>
      <option value="f32">f32 (nothing rounded)</option>
    </select>
  );
}

function Actions({ parts, bytes }: { parts: ExportParts; bytes: number }) {
  const studio = useStudio();
  const hindered = useHindrance();
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('export'));
  const blocked = hindered !== undefined || busy || !Object.values(parts).some(Boolean);
  const save = async () => {
    const folder = await pickFolder();
    if (folder) await studio.ask('export', { parts, place: { kind: 'folder', folder } });
  };
  return (
    <span className="buttons">
      {canPickFolder() && (
        <button type="button" data-testid="save-to-folder" disabled={blocked} onClick={() => fire(save())}>
          Save to folder
        </button>
      )}
      <button
        type="button"
        className="primary"
        data-testid="export-button"
        disabled={blocked}
        onClick={() => fire(studio.ask('export', { parts, place: { kind: 'archive' } }))}
      >
        {busy ? 'Writing…' : 'Download .zip'}
      </button>
      {bytes > 0 && (
        <span className="muted number" data-testid="export-total">
          {formatBytes(bytes)} in all
        </span>
      )}
      {hindered && <span className="muted">{hindered}</span>}
    </span>
  );
}

function Snippet({ paths }: { paths: readonly string[] }) {
  const name = useStudioState(({ model }) => model?.name ?? 'model');
  const loading = useStudioState(({ model }) => model?.loading);
  const [copied, setCopied] = useState(false);
  if (paths.length === 0 || !loading) return null;
  const code = pythonSnippet(paths, name, loading);
  const copy = async () => {
    await navigator.clipboard.writeText(code);
    setCopied(true);
  };
  return (
    <Panel
      title="Load it in Python"
      aside={
        <button type="button" onClick={() => fire(copy())}>
          {copied ? 'Copied' : 'Copy'}
        </button>
      }
    >
      <pre data-testid="python">{code}</pre>
    </Panel>
  );
}
