/** Where the last step's time went. */
import { PHASES } from '../../protocol/phases.ts';
import { useStudioState } from '../../store/react.ts';
import { Bars } from '../parts/bars.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { phaseBars } from './phase-bars.ts';

export function StepPhases() {
  const seconds = useStudioState(({ steps }) => steps[steps.length - 1]?.seconds);
  return (
    <Panel title="Where a step goes">
      {seconds ? (
        <>
          <Bars bars={phaseBars(seconds)} caption="Seconds of the last step by phase" />
          <p className="muted">
            {PHASES.host.label}: {PHASES.host.help}
          </p>
        </>
      ) : (
        <Empty>Shows with the first step.</Empty>
      )}
    </Panel>
  );
}
