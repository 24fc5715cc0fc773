/** Where the last step's time went. */
import { formatDuration, formatPercent } from '../../math/format.ts';
import { useStudioState } from '../../store/react.ts';
import { Bars } from '../parts/bars.tsx';
import { Empty, Panel } from '../parts/panel.tsx';

export function StepPhases() {
  const seconds = useStudioState(({ steps }) => steps[steps.length - 1]?.seconds);
  const phases = Object.entries(seconds ?? {});
  const total = phases.reduce((sum, [, value]) => sum + value, 0);
  const bars = phases.map(([name, value]) => ({
    name,
    value,
    text: `${formatPercent(value / total, 0)} · ${formatDuration(value)}`,
  }));
  return (
    <Panel title="Where a step goes">
      {bars.length > 0 ? (
        <Bars bars={bars} caption="Seconds of the last step by phase" />
      ) : (
        <Empty>Shows with the first step.</Empty>
      )}
    </Panel>
  );
}
