/** From the hub: which repository, and how far its download is. */
import { type FormEvent, useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import { type DownloadStatus, HUB_URL, type HubSource } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import type { ModelUse } from '../../store/studio.ts';
import { fire } from '../parts/fire.ts';
import { Panel } from '../parts/panel.tsx';
import { speedWords, useRate } from '../parts/use-rate.ts';
import { Problems } from '../shell/notices.tsx';

export function HubPanel({ use = 'run' }: { use?: ModelUse }) {
  const download = useStudioState((state) => state.download);
  const busy = useDownloading();
  return (
    <Panel title="From the hub" className="hub">
      <HubForm busy={busy} use={use} />
      {download && busy && <DownloadLine status={download} />}
      <Problems commands={['downloadModel']} />
    </Panel>
  );
}

export function useDownloading(): boolean {
  return useStudioState(({ pending }) => [...pending.values()].includes('downloadModel'));
}

const EXAMPLES: Readonly<Record<ModelUse, string>> = {
  run: 'StarJiaxing/R1-Omni-0.5B',
  reward: 'SamLowe/roberta-base-go_emotions',
};

function HubForm({ busy, use }: { busy: boolean; use: ModelUse }) {
  const studio = useStudio();
  const hasDevice = useStudioState(({ device }) => device.status === 'ready');
  const [source, setSource] = useState<HubSource>({ baseUrl: HUB_URL, id: '', revision: 'main' });
  const [token, setToken] = useState('');
  const change = (part: Partial<HubSource>) => setSource({ ...source, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    fire(studio.downloadModel(source, token, use));
    // The worker remembers it while the page is open; nothing else has to.
    setToken('');
  };
  return (
    <form className="hub-form" onSubmit={submit} autoComplete="off">
      <div className="hub-line">
        <TextField
          label="Repository"
          testId="hub-id"
          value={source.id}
          placeholder={EXAMPLES[use]}
          onValue={(id) => change({ id })}
        />
        <TextField
          label="Revision"
          testId="hub-revision"
          value={source.revision}
          onValue={(revision) => change({ revision })}
        />
        <button
          type="submit"
          className="primary"
          data-testid="hub-download"
          disabled={busy || !hasDevice || source.id.trim() === ''}
        >
          Download
        </button>
      </div>
      <details>
        <summary data-testid="hub-advanced">Another hub, or a model that asks for consent</summary>
        <div className="hub-line">
          <TextField
            label="Base URL"
            testId="hub-url"
            value={source.baseUrl}
            onValue={(baseUrl) => change({ baseUrl })}
          />
          <TextField label="Token" testId="hub-token" value={token} onValue={setToken} secret />
        </div>
        <p className="muted">
          The token stays in memory until the page is closed. It is sent to that hub only.
        </p>
      </details>
    </form>
  );
}

interface TextFieldProps {
  label: string;
  testId: string;
  value: string;
  placeholder?: string;
  /** Shown as dots; not a password field, whose value browsers offer to save. */
  secret?: boolean;
  onValue: (value: string) => void;
}

function TextField({ label, testId, value, placeholder, secret = false, onValue }: TextFieldProps) {
  return (
    <label className="hub-field">
      <span className="muted">{label}</span>
      <input
        type="text"
        className={secret ? 'secret' : ''}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        data-testid={testId}
        placeholder={placeholder}
        value={value}
        onChange={({ target }) => onValue(target.value)}
      />
    </label>
  );
}

const DOING: Record<DownloadStatus['phase'], string> = {
  listing: 'Asking what there is',
  downloading: 'Downloading',
  checking: 'Checking',
  waiting: 'Waiting',
  stopped: 'Paused',
  complete: 'Done',
};

function DownloadLine({ status }: { status: DownloadStatus }) {
  const studio = useStudio();
  const rate = useRate(status.done);
  const { phase, file, done, total, note, source } = status;
  const speed = phase === 'downloading' ? speedWords(rate, total - done) : '';
  return (
    <div className="download" data-testid="download" data-phase={phase}>
      <p className="download-file" title={file}>
        {DOING[phase]} <strong>{source.id}</strong> <span className="muted">{file}</span>
      </p>
      <div className="progress-line">
        <progress value={done} max={total || undefined} aria-label={`${DOING[phase]} ${source.id}`} />
        <button type="button" data-testid="download-pause" onClick={() => studio.tell('stopDownload')}>
          Pause
        </button>
      </div>
      <p className="number muted">
        {total > 0 && `${formatBytes(done)} of ${formatBytes(total)}`}
        {speed && ` · ${speed}`}
      </p>
      {note && <p role="status">{note}</p>}
    </div>
  );
}
