/** Over the charts: which of them, over what, how smooth, and as curves or tables. */
import { useRef } from 'react';
import { useKey } from '../shell/keys.ts';
import { CHART_AXES, type ChartAxis } from './axes.ts';
import { drawOver, filterCharts, useChartChoices } from './chart-choices.ts';
import { pinPointedChart } from './chart-tools.tsx';
import { MOST_SMOOTHING } from './smoothing.ts';

interface BarProps {
  smoothing: number;
  setSmoothing: (value: number) => void;
  asTable: boolean;
  setAsTable: (shown: boolean) => void;
  children: React.ReactNode;
}

export function ChartBar({ smoothing, setSmoothing, asTable, setAsTable, children }: BarProps) {
  useKey(['t'], () => setAsTable(!asTable));
  useKey(['p'], pinPointedChart);
  return (
    <div className="chart-bar">
      {children}
      <Filter />
      <AxisSelect />
      <label>
        smoothing{' '}
        <input
          type="range"
          min={0}
          max={MOST_SMOOTHING}
          step={0.05}
          value={smoothing}
          onChange={(event) => setSmoothing(Number(event.target.value))}
        />{' '}
        <span className="number">{smoothing.toFixed(2)}</span>
      </label>
      <label>
        <input type="checkbox" checked={asTable} onChange={(event) => setAsTable(event.target.checked)} />{' '}
        tables
      </label>
    </div>
  );
}

function Filter() {
  const filter = useChartChoices((choices) => choices.filter);
  const field = useRef<HTMLInputElement>(null);
  useKey(['/'], () => field.current?.focus());
  return (
    <label>
      charts{' '}
      <input
        ref={field}
        type="search"
        size={12}
        placeholder="all"
        title="A regular expression over titles and names of metrics, as reward|kl (/)"
        data-testid="chart-filter"
        value={filter}
        onChange={({ target }) => filterCharts(target.value)}
      />
    </label>
  );
}

const AXIS_WORDS: Readonly<Record<ChartAxis, string>> = {
  step: 'steps',
  time: 'time in steps',
  tokens: 'tokens',
};

function AxisSelect() {
  const axis = useChartChoices((choices) => choices.axis);
  return (
    <label>
      over{' '}
      <select
        data-testid="chart-axis"
        value={axis}
        onChange={({ target }) => drawOver(CHART_AXES.find((each) => each === target.value) ?? 'step')}
      >
        {CHART_AXES.map((each) => (
          <option key={each} value={each}>
            {AXIS_WORDS[each]}
          </option>
        ))}
      </select>
    </label>
  );
}
