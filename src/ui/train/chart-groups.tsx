/** The charts that are wanted: pinned ones first, then those that are always in view, then the rest one click away. Of a filter, what it finds. */
import { type ReactNode, useMemo, useState } from 'react';
import { Empty } from '../parts/panel.tsx';
import { filterCharts, useChartChoices } from './chart-choices.ts';
import { allOf, type ChartSpec, type Charts, matching, withPins } from './chart-list.ts';
import { StepPhases } from './step-phases.tsx';

interface GroupsProps {
  charts: Charts;
  chart: (spec: ChartSpec) => ReactNode;
}

export function ChartGroups({ charts, chart }: GroupsProps) {
  const filter = useChartChoices((choices) => choices.filter);
  const pins = useChartChoices(({ pinned }) => pinned);
  const { pinned, core, more } = useMemo(() => withPins(charts, pins), [charts, pins]);
  const [open, setOpen] = useState(false);
  if (filter !== '') return <Found charts={allOf(charts)} filter={filter} chart={chart} />;
  return (
    <>
      {pinned.length > 0 && (
        <section aria-label="Pinned charts" data-testid="pinned-charts">
          <div className="charts">{pinned.map(chart)}</div>
        </section>
      )}
      <div className="charts">{core.map(chart)}</div>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>More charts</summary>
        {open &&
          more.map(({ group, charts: specs }) => (
            <section key={group} aria-label={group}>
              <h2 className="chart-group">{group}</h2>
              <div className="charts">{specs.map(chart)}</div>
            </section>
          ))}
        {open && <StepPhases />}
      </details>
    </>
  );
}

interface FoundProps {
  charts: readonly ChartSpec[];
  filter: string;
  chart: (spec: ChartSpec) => ReactNode;
}

function Found({ charts, filter, chart }: FoundProps) {
  const found = matching(charts, filter);
  const all = (
    <button type="button" className="link" onClick={() => filterCharts('')}>
      Show all charts
    </button>
  );
  if ('wrong' in found)
    return (
      <Empty>
        <span role="alert">{found.wrong}</span> {all}
      </Empty>
    );
  if (found.length > 0) return <div className="charts">{found.map(chart)}</div>;
  return (
    <Empty>
      <span data-testid="no-charts">
        No chart of {charts.length} has a title or a metric that matches /{filter}/.
      </span>{' '}
      {all}
    </Empty>
  );
}
