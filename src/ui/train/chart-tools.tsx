/** What can be done with one chart: pin it to the top, and put its values on a logarithmic axis. */
import { toggleLog, togglePin, useChartChoices } from './chart-choices.ts';

export function ChartTools({ id, title }: { id: string; title: string }) {
  const isPinned = useChartChoices(({ pinned }) => pinned.includes(id));
  const isLog = useChartChoices(({ log }) => log.includes(id));
  return (
    <span className="chart-tools">
      <button
        type="button"
        className="quiet"
        aria-pressed={isLog}
        aria-label={`Logarithmic axis: ${title}`}
        title="Logarithmic axis"
        data-testid="chart-log"
        onClick={() => toggleLog(id)}
      >
        log
      </button>
      <button
        type="button"
        className="quiet"
        aria-pressed={isPinned}
        aria-label={`Pin ${title}`}
        title={isPinned ? 'Pinned: press to let it go back to its place (p)' : 'Pin to the top (p)'}
        data-testid="chart-pin"
        onClick={() => togglePin(id)}
      >
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
          <path d="M4 1h4v4l2 2H2l2-2zM6 7v4" />
        </svg>
      </button>
    </span>
  );
}

/** Pins the chart that has the focus, else the one that is pointed at. */
export function pinPointedChart(): void {
  const chart =
    document.querySelector<HTMLElement>('.chart:focus-within') ??
    document.querySelector<HTMLElement>('.chart:hover');
  if (chart?.dataset.chart !== undefined) togglePin(chart.dataset.chart);
}
