/** How fast this device is: what it can do at best, and our kernels against those of other libraries. */
import { useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import { BENCH_LIBRARIES, type BenchReport, type Ceilings, DEFAULT_GROUPS } from '../../protocol/bench.ts';
import type { DeviceInfo } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { variantsText } from '../parts/variants-text.ts';
import { Problems } from '../shell/notices.tsx';
import { BenchControls } from './bench-controls.tsx';
import { BenchTable, MeansTable } from './bench-tables.tsx';

export default function BenchScreen() {
  const bench = useStudioState((state) => state.bench);
  const device = useStudioState((state) => state.device);
  const [groups, setGroups] = useState(DEFAULT_GROUPS);
  const [libraries, setLibraries] = useState<readonly (typeof BENCH_LIBRARIES)[number][]>(BENCH_LIBRARIES);
  return (
    <>
      <Problems commands={['bench']} />
      <div className="columns bench-top">
        {device.status === 'ready' && <DeviceCard info={device.info} ceilings={bench?.report.ceilings} />}
        <BenchControls {...{ groups, setGroups, libraries, setLibraries }} />
      </div>
      {bench && bench.report.rows.length > 0 ? (
        <Found report={bench.report} />
      ) : (
        <Empty>
          Rows will be listed here as they are timed: our time, theirs, and how often ours fits in it.
        </Empty>
      )}
    </>
  );
}

function DeviceCard({ info, ceilings }: { info: DeviceInfo; ceilings: Ceilings | undefined }) {
  const { description, vendor, architecture, isSoftware, features, limits } = info;
  const best = ceilings
    ? `${ceilings.gflops.toFixed(1)} GFLOP/s, ${ceilings.gigabytes.toFixed(1)} GB/s`
    : 'measured when the bench runs';
  const rows = [
    ['adapter', `${description || 'not named'} (${[vendor, architecture].filter(Boolean).join(' ')})`],
    ['kind', isSoftware ? 'software: right numbers, low speed' : 'GPU'],
    ['at best', best],
    ...(info.variants ? [['kernel variants', variantsText(info.variants)] as const] : []),
    ['features', features.join(', ') || 'none'],
    ...Object.entries(limits).map(([name, value]) => [limitWords(name), limitValue(name, value)]),
  ] as const;
  return (
    <Panel title="This device">
      <table className="bench-device" data-testid="bench-device">
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="number">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** WebGPU's name of a limit in words: "max storage buffer binding size". */
function limitWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function limitValue(name: string, value: number): string {
  return name.endsWith('Size') ? formatBytes(value) : value.toLocaleString('en');
}

function Found({ report }: { report: BenchReport }) {
  return (
    <>
      <Panel title="Means" aside={<span className="muted">geometric; above 1 we are faster</span>}>
        <MeansTable summary={report.summary} />
      </Panel>
      <Panel title="Rows" aside={<CopyButton report={report} />}>
        <BenchTable rows={report.rows} />
      </Panel>
    </>
  );
}

/** Puts the report on the clipboard, in the form in which the command line writes it to a file. */
function CopyButton({ report }: { report: BenchReport }) {
  const [copied, setCopied] = useState<BenchReport>();
  const copy = async () => {
    await navigator.clipboard.writeText(`${JSON.stringify(report, null, 2)}\n`);
    setCopied(report);
  };
  return (
    <button type="button" data-testid="bench-copy" onClick={() => fire(copy())}>
      {copied === report ? 'Copied' : 'Copy JSON'}
    </button>
  );
}
