/** What is timed and against whom; begin, progress, stop. */
import {
  BENCH_GROUP_LABELS,
  BENCH_GROUPS,
  BENCH_LIBRARIES,
  type BenchGroup,
  type BenchLibrary,
} from '../../protocol/bench.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { fire } from '../parts/fire.ts';
import { Panel } from '../parts/panel.tsx';

interface Choice {
  groups: readonly BenchGroup[];
  setGroups: (groups: readonly BenchGroup[]) => void;
  libraries: readonly BenchLibrary[];
  setLibraries: (libraries: readonly BenchLibrary[]) => void;
}

export function BenchControls({ groups, setGroups, libraries, setLibraries }: Choice) {
  const isSoftware = useStudioState(({ device }) => device.status === 'ready' && device.info.isSoftware);
  return (
    <Panel title="What is timed">
      <p className="muted">
        One kernel after another, ours and theirs in turns on this device.
        {isSoftware && ' The adapter is software: expect minutes, and choose few.'}
      </p>
      <Checks
        legend="kernels"
        all={BENCH_GROUPS}
        chosen={groups}
        choose={setGroups}
        labelOf={(group) => BENCH_GROUP_LABELS[group]}
      />
      <Checks
        legend="against"
        all={BENCH_LIBRARIES}
        chosen={libraries}
        choose={setLibraries}
        labelOf={(name) => name}
      />
      <RunBar groups={groups} libraries={libraries} />
    </Panel>
  );
}

interface ChecksProps<T extends string> {
  legend: string;
  all: readonly T[];
  chosen: readonly T[];
  choose: (chosen: readonly T[]) => void;
  labelOf: (name: T) => string;
}

function Checks<T extends string>({ legend, all, chosen, choose, labelOf }: ChecksProps<T>) {
  return (
    <fieldset className="bench-checks">
      <legend className="muted">{legend}</legend>
      {all.map((name) => (
        <label key={name}>
          <input
            type="checkbox"
            data-testid={`bench-${name}`}
            checked={chosen.includes(name)}
            onChange={({ target }) =>
              choose(all.filter((one) => (one === name ? target.checked : chosen.includes(one))))
            }
          />{' '}
          {labelOf(name)}
        </label>
      ))}
    </fieldset>
  );
}

function RunBar({ groups, libraries }: Pick<Choice, 'groups' | 'libraries'>) {
  const studio = useStudio();
  const bench = useStudioState((state) => state.bench);
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('bench'));
  const able = useStudioState(({ device, run }) => device.status === 'ready' && !isUnderWay(run.state));
  const run = () => fire(studio.ask('bench', { groups: [...groups], libraries: [...libraries] }));
  return (
    <div className="toolbar">
      {busy ? (
        <button type="button" data-testid="bench-stop" onClick={() => studio.tell('stopBench')}>
          Stop
        </button>
      ) : (
        <button
          type="button"
          className="primary"
          data-testid="bench-run"
          disabled={!able || groups.length === 0}
          onClick={run}
        >
          Run
        </button>
      )}
      {busy && (
        <progress value={bench?.done} max={bench?.total || undefined} aria-label="Comparisons timed" />
      )}
      {bench && (
        <span className="number muted" data-testid="bench-progress">
          {bench.done} of {bench.total} comparisons
        </span>
      )}
      {!able && <span className="muted">Stop the run to time the device.</span>}
    </div>
  );
}
