/** Model: what is loaded, which parts it has, what the device can do, where the memory goes. */
import { formatBytes, formatCount } from '../../math/format.ts';
import type { DeviceInfo, ModelSummary } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { DropZone } from '../data/drop-zone.tsx';
import { openGiven } from '../data/open-files.ts';
import { Bars } from '../parts/bars.tsx';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { AtHandPanel } from './at-hand-panel.tsx';
import { canPickFolder, pickFolder } from './folder-handles.ts';
import { FolderNotes } from './folder-notes.tsx';
import { HubPanel } from './hub-panel.tsx';
import { openFolder } from './kept-folders.ts';
import { MemoryPlanPanel } from './memory-plan-panel.tsx';

export default function ModelScreen() {
  const studio = useStudio();
  const model = useStudioState((state) => state.model);
  const pick = async () => {
    const folder = await pickFolder('model');
    if (folder) await openFolder(studio, 'model', folder);
  };
  return (
    <>
      <DropZone
        onFiles={(files) => fire(openGiven(studio, files, 'model'))}
        onPickFolder={canPickFolder() ? () => fire(pick()) : undefined}
      >
        Drop a HumanOmni, R1-Omni, Qwen2-VL or Qwen2.5-VL folder, or of a language model, Qwen2, Qwen2.5 or
        Qwen3: <code>config.json</code>, tokenizer, <code>*.safetensors</code>, the towers inside or in
        folders of their own. It stays on this device.
      </DropZone>
      <Problems commands={['openModel', 'openModelFolder', 'openStoredModel', 'openModelPart', 'openDemo']} />
      <DevicePanel />
      <div className="columns">
        <HubPanel />
        <AtHandPanel />
      </div>
      {model ? (
        <ModelCard model={model} />
      ) : (
        <Empty>
          The model's parts will show here, once a folder is dropped, a download is whole, or the demo is
          used.
        </Empty>
      )}
      <MemoryPlanPanel />
      <MemoryPanel />
    </>
  );
}

function DevicePanel() {
  const device = useStudioState((state) => state.device);
  if (device.status === 'asking') return <p className="muted">Asking the browser for a GPU…</p>;
  if (device.status === 'unavailable') return null;
  return <DeviceLine info={device.info} />;
}

function DeviceLine({ info }: { info: DeviceInfo }) {
  const name =
    info.description || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'unnamed adapter';
  const has = (feature: string) => (info.features.includes(feature) ? '✓' : '–');
  const largest = info.limits.maxStorageBufferBindingSize;
  return (
    <p className="lead" data-testid="device">
      Your GPU: <strong>{name}</strong> · f16 {has('shader-f16')} · subgroups {has('subgroups')}
      {largest === undefined ? '' : ` · largest binding ${formatBytes(largest)}`}
      {info.isSoftware && (
        <>
          {' '}
          · <span className="tag">software: right numbers, low speed</span>
        </>
      )}
    </p>
  );
}

function ModelCard({ model }: { model: ModelSummary }) {
  const total = Object.values(model.parts).reduce((sum, count) => sum + count, 0);
  const bars = Object.entries(model.parts).map(([name, value]) => ({
    name,
    value,
    text: formatCount(value),
  }));
  return (
    <Panel title={<span data-testid="model-name">{model.name}</span>}>
      <p className="muted number">
        {model.family} · {formatCount(total)} parameters · {model.dtype} · {formatBytes(model.bytes)} ·{' '}
        {model.layout}
      </p>
      <FolderNotes model={model} />
      <Bars bars={bars} caption="Parameters by part" />
      {model.trainable > 0 && (
        <p className="number">
          {formatCount(model.trainable)} of {formatCount(total)} parameters train (
          {((100 * model.trainable) / total).toFixed(1)} %)
        </p>
      )}
      {model.unusedTensors.length > 0 && (
        <details>
          <summary>{model.unusedTensors.length} tensors in the files are not used</summary>
          <pre>{model.unusedTensors.slice(0, 500).join('\n')}</pre>
        </details>
      )}
    </Panel>
  );
}

function MemoryPanel() {
  const memory = useStudioState((state) => state.memory);
  if (!memory) return null;
  const bars = Object.entries(memory.parts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, value]) => ({ name, value, text: formatBytes(value) }));
  return (
    <Panel title="GPU memory" aside={<span className="muted number">peak {formatBytes(memory.peak)}</span>}>
      <Bars bars={bars} caption="GPU memory by part" />
    </Panel>
  );
}
