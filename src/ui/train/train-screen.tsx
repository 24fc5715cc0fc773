/** Train: the settings that matter, whether it is learning, eight charts, what stands above them, all settings. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStudioState } from '../../store/react.ts';
import { recordedOf } from '../../store/recorded.ts';
import type { StepRecord } from '../../store/state.ts';
import { NowBox } from '../first-minute/now-box.tsx';
import { turnsTookMs } from '../parts/turns.ts';
import { useCalm } from '../parts/use-calm.ts';
import { useWords } from '../parts/use-words.ts';
import { OwnRewards } from '../rewards/own-rewards.tsx';
import { Problems } from '../shell/notices.tsx';
import { Alarms } from './alarms.tsx';
import { placesOn } from './axes.ts';
import { ChartBar } from './chart-bar.tsx';
import { useChartChoices } from './chart-choices.ts';
import { ChartGroups } from './chart-groups.tsx';
import { apart, chartsOf } from './chart-list.ts';
import { EssentialSettings } from './config-form.tsx';
import { ConfigWarnings } from './config-warnings.tsx';
import { ForecastPanel } from './forecast.tsx';
import { ForkPanel } from './fork-panel.tsx';
import { KeptRuns } from './kept-runs.tsx';
import { MetricChart } from './metric-chart.tsx';
import { RewardModels } from './rewards/reward-models.tsx';
import { RunDifferences } from './run-differences.tsx';
import { useRunsBeside } from './runs-beside.ts';
import { RunsLegend } from './runs-legend.tsx';
import { learningLine } from './sentences.ts';
import { AddressSettings } from './settings/address-settings.tsx';
import { AllSettings } from './settings/all-settings.tsx';
import { LiveChanges } from './settings/live-changes.tsx';
import { useSmoothing } from './smoothing.ts';
import { stateLine } from './state-line.ts';

export default function TrainScreen() {
  const [smoothing, setSmoothing] = useSmoothing();
  const [asTable, setAsTable] = useState(false);
  return (
    <>
      <Problems commands={['openDemo', 'openData', 'openModel']} />
      <NowBox />
      <AddressSettings />
      <ForkPanel />
      <EssentialSettings />
      <OwnRewards />
      <RewardModels />
      <ConfigWarnings />
      <KeptRuns />
      <ForecastPanel />
      <ChartBar {...{ smoothing, setSmoothing, asTable, setAsTable }}>
        <LearningLine />
      </ChartBar>
      <Alarms />
      <LiveChanges />
      <Charts smoothing={smoothing} asTable={asTable} />
      <AllSettings />
    </>
  );
}

function LearningLine() {
  const steps = useStudioState((state) => state.steps);
  const state = useStudioState(stateLine);
  const words = useWords();
  if (state !== undefined || steps.length > 0)
    return (
      <p className="lead learning">
        {steps.length > 0 && learningLine(steps)} {state}
      </p>
    );
  return (
    <p className="lead learning muted">
      The curves of a run will draw here, once there are <a href="#/data">{words('clips')}</a> and a{' '}
      <a href="#/model">model</a>.
    </p>
  );
}

/** Milliseconds between redraws of the charts. */
const CHART_CALM_MS = 400;
/** Share of the page's time that drawing them may take: it can cost more than a fast step, and the trainer shares the processor. */
const DRAWING_SHARE = 0.2;

/** The steps as the charts are to draw them. */
function useCalmSteps(): readonly StepRecord[] {
  const tookBefore = useRef(0);
  const steps = useCalm(
    useStudioState((state) => state.steps),
    CHART_CALM_MS,
    () => (turnsTookMs() - tookBefore.current) / DRAWING_SHARE,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: counts from each change on.
  useEffect(() => {
    tookBefore.current = turnsTookMs();
  }, [steps]);
  return steps;
}

function Charts({ smoothing, asTable }: { smoothing: number; asTable: boolean }) {
  const steps = useCalmSteps();
  const recorded = useStudioState(recordedOf)?.steps;
  const axis = useChartChoices((choices) => choices.axis);
  const places = useMemo(() => placesOn(axis, steps), [axis, steps]);
  const beside = useRunsBeside(axis);
  const { others, runs, configured, stroke } = beside;
  const [lit, light] = useState<number>();
  // Several runs' own curves are enough to look at.
  const shadow = others.length > 0 ? undefined : recorded;
  const told = steps.length > 0 ? steps : (shadow ?? steps);
  const reporting = [told, ...others.map((run) => run.steps)].map((each) => each.slice(-100));
  const partNames = reporting.map((each) => Object.keys(each.at(-1)?.metrics ?? {})).join();
  // Chart lists are kept between steps so that memoised charts compare equal.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list depends on the steps only through the metric names.
  const charts = useMemo(() => {
    const all = chartsOf(reporting.flat());
    return others.length > 0 ? apart(all) : all;
  }, [partNames, others.length]);
  return (
    <div data-lit={lit}>
      {runs.length > 0 && <RunsLegend runs={runs} light={light} />}
      {runs.length > 0 && <RunDifferences runs={configured} />}
      <ChartGroups
        charts={charts}
        chart={(spec) => (
          <MetricChart
            key={spec.id}
            {...{ spec, steps, shadow, others, stroke, axis, places, smoothing, asTable }}
          />
        )}
      />
    </div>
  );
}
