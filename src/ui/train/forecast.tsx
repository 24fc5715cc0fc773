/** Before a run: its first rows tried, so that settings without a signal are changed before they cost anything. */
import { useState } from 'react';
import { counted, formatMetric } from '../../math/format.ts';
import { parseConfig } from '../../protocol/config.ts';
import { FORECAST_ROWS, type Forecast } from '../../protocol/forecast.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { canStart } from '../../store/run-state.ts';
import type { Draft } from '../../store/settings.ts';
import { draftProblems } from '../../store/studio.ts';
import { Bars } from '../parts/bars.tsx';
import { HeldButton } from '../parts/held-button.tsx';
import { inLabels } from '../parts/in-labels.ts';
import { useWords } from '../parts/use-words.ts';
import { forecastLine, forecastMoves } from './forecast-words.ts';

/** What was found, and of which settings. */
interface Found {
  readonly draft: Draft;
  readonly forecast?: Forecast;
  readonly problem?: string;
}

/** Where nothing has trained yet. A forecast of other settings is let go of. */
export function ForecastPanel() {
  const studio = useStudio();
  const draft = useStudioState((state) => state.draft);
  const able = useStudioState((state) => canStart(state) && draftProblems(state.draft).length === 0);
  const hasSteps = useStudioState(({ steps }) => steps.length > 0);
  const trains = useStudioState(({ draft: { stage } }) => stage === 'grpo');
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('forecast'));
  const progress = useStudioState((state) => state.progress);
  const [found, setFound] = useState<Found>();
  const words = useWords();
  if (hasSteps || !able || !trains) return null;
  const ask = () => {
    setFound(undefined);
    studio.ask('forecast', { config: parseConfig(draft) }).then(
      (answer) => setFound({ draft, forecast: answer.forecast }),
      (error: unknown) =>
        setFound({ draft, problem: error instanceof Error ? error.message : String(error) }),
    );
  };
  const known = found?.draft === draft ? found : undefined;
  return (
    <section className="forecast" aria-label="Forecast">
      <p>
        <HeldButton data-testid="forecast" disabled={busy} onClick={ask}>
          {words(`Try ${FORECAST_ROWS} clips first`)}
        </HeldButton>{' '}
        {busy ? (
          <>
            <span className="muted number" role="status">
              {progress
                ? `${progress.what}: ${progress.done} of ${progress.total} ${progress.unit}`
                : 'Trying…'}
            </span>{' '}
            <button type="button" className="link" onClick={() => studio.tell('stopScoring')}>
              Cancel
            </button>
          </>
        ) : (
          !known && (
            <span className="muted">Samples and scores what a run would begin with; nothing trains.</span>
          )
        )}
      </p>
      {known?.problem && (
        <p className="field-problem" role="alert">
          {inLabels(known.problem)}
        </p>
      )}
      {known?.forecast && <Told forecast={known.forecast} />}
    </section>
  );
}

function Told({ forecast }: { forecast: Forecast }) {
  const words = useWords();
  const bars = forecast.bySize.map(({ groupSize, share }) => ({
    name: counted(groupSize, 'answer'),
    value: share,
    text: `${Math.round(100 * share)} %`,
    ...(groupSize === forecast.groupSize ? { note: 'as set' } : {}),
  }));
  return (
    <div role="status" data-testid="forecast-told">
      <p className="lead">{words(forecastLine(forecast))}</p>
      {forecastMoves(forecast).map((move) => (
        <p key={move}>{words(move)}</p>
      ))}
      {forecast.troubles.map((trouble) => (
        <p key={trouble} className="field-problem">
          {trouble}
        </p>
      ))}
      <details>
        <summary>{words('Clips with a signal, by answers to each')}</summary>
        <Bars bars={bars} caption="Expected share with a signal, by answers to each" />
        <p className="number">Mean of each reward: {forecast.rewards.map(rewardWords).join(', ')}.</p>
      </details>
    </div>
  );
}

const rewardWords = ({ name, mean }: Forecast['rewards'][number]): string =>
  `${name} ${mean === null ? '–' : formatMetric(mean, 3)}`;
