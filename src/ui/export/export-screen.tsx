/** Export: choose what, get files, and the Python that loads them. */
import { useEffect, useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import type { ExportedFile, ExportParts } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { pythonSnippet } from './python-snippet.ts';
import { canSaveToFolder, saveToFolder } from './save-to-folder.ts';

const CHOICES: readonly { part: keyof ExportParts; label: string; help: string }[] = [
  {
    part: 'merged',
    label: 'Merged weights',
    help: 'all tensors in the layout they came in, with config and tokenizer',
  },
  { part: 'adapter', label: 'LoRA adapter', help: 'PEFT names and adapter_config.json' },
  { part: 'metrics', label: 'metrics.jsonl', help: "one line per step, TRL's names" },
  { part: 'rollouts', label: 'rollouts.jsonl', help: 'every answer of every step' },
];

export default function ExportScreen() {
  const studio = useStudio();
  const hasAdapter = useStudioState(({ running }) => (running?.loraRank ?? 0) > 0);
  const able = useStudioState(
    ({ model, run }) => model !== undefined && run.state !== 'running' && run.state !== 'pausing',
  );
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('export'));
  const [parts, setParts] = useState<ExportParts>({
    merged: true,
    adapter: true,
    metrics: true,
    rollouts: true,
  });
  const asked = { ...parts, adapter: parts.adapter && hasAdapter };
  return (
    <>
      <Panel title="What to export">
        <ul className="export-choices">
          {CHOICES.map(({ part, label, help }) => (
            <li key={part}>
              <label>
                <input
                  type="checkbox"
                  data-testid={`export-${part}`}
                  disabled={part === 'adapter' && !hasAdapter}
                  checked={asked[part]}
                  onChange={({ target }) => setParts({ ...parts, [part]: target.checked })}
                />{' '}
                {label}
              </label>{' '}
              <span className="muted">
                {part === 'adapter' && !hasAdapter ? 'the run has no LoRA' : help}
              </span>
            </li>
          ))}
        </ul>
        <span className="buttons">
          <button
            type="button"
            className="primary"
            data-testid="export-button"
            disabled={!able || busy || !Object.values(asked).includes(true)}
            onClick={() => fire(studio.exportRun(asked))}
          >
            {busy ? 'Exporting…' : 'Export'}
          </button>
          {!able && <span className="muted">Pause or stop the run to export.</span>}
        </span>
      </Panel>
      <Problems commands={['export']} />
      <Exported />
    </>
  );
}

function Exported() {
  const files = useStudioState((state) => state.exported);
  const name = useStudioState(({ model }) => model?.name ?? 'model');
  if (!files)
    return <Empty>The files will be listed here, ready to be saved. Nothing leaves this device.</Empty>;
  return (
    <>
      <FileList files={files} />
      <Snippet
        code={pythonSnippet(
          files.map((file) => file.name),
          name,
        )}
      />
    </>
  );
}

function FileList({ files }: { files: readonly ExportedFile[] }) {
  const [links, setLinks] = useState<{ name: string; size: number; url: string }[]>([]);
  useEffect(() => {
    const made = files.map(({ name, blob }) => ({ name, size: blob.size, url: URL.createObjectURL(blob) }));
    setLinks(made);
    return () => {
      for (const { url } of made) URL.revokeObjectURL(url);
    };
  }, [files]);
  return (
    <Panel title={`${files.length} files`} aside={canSaveToFolder() && <SaveButton files={files} />}>
      <table>
        <tbody>
          {links.map(({ name, size, url }) => (
            <tr key={name}>
              <td>
                <a href={url} download={name.split('/').pop()} data-testid="export-file" data-name={name}>
                  {name}
                </a>
              </td>
              <td className="number right muted">{formatBytes(size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function SaveButton({ files }: { files: readonly ExportedFile[] }) {
  const [outcome, setOutcome] = useState('');
  const save = async () => setOutcome(await saveToFolder(files));
  return (
    <span className="buttons">
      <span className="muted" role="status">
        {outcome}
      </span>
      <button type="button" data-testid="save-to-folder" onClick={() => fire(save())}>
        Save all to a folder
      </button>
    </span>
  );
}

function Snippet({ code }: { code: string }) {
  const [copied, setCopied] = useState(false);
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
