/** What a run does outside the page: the tab's title, a screen that stays awake, a question before leaving. */
import { useEffect } from 'react';
import { formatMetric } from '../../math/format.ts';
import { useStudioState } from '../../store/react.ts';
import { hasUnsavedSteps } from '../../store/run-state.ts';
import { useScreen } from '../address.ts';
import { useCalm } from '../parts/use-calm.ts';
import { SCREENS } from '../screen-list.ts';

const TITLE = 'Omni GRPO Studio';

export function useRunEffects(): void {
  useTitle();
  const running = useStudioState(({ run }) => run.state === 'running');
  const unsaved = useStudioState(hasUnsavedSteps);
  useEffect(() => (running ? keepAwake() : undefined), [running]);
  useEffect(() => (running ? keepStorage() : undefined), [running]);
  useEffect(() => (unsaved ? askBeforeLeaving() : undefined), [unsaved]);
}

/** Browsers pass a title on to the window system: once a second is enough. */
const TITLE_CALM_MS = 1000;

function useTitle(): void {
  const screen = SCREENS[useScreen()].label;
  const running = useStudioState(({ run, steps }) => {
    const reward = steps[steps.length - 1]?.metrics.reward;
    return run.state === 'running' ? `▸${run.step} · ${formatMetric(reward, 3)} · ` : '';
  });
  const title = `${useCalm(running, TITLE_CALM_MS)}${screen} · ${TITLE}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Asks the browser not to clear the runs it keeps for this page when space gets short; some ask the person. */
function keepStorage(): void {
  void navigator.storage?.persist?.();
}

/** Holds a wake lock where the browser has one; a refusal (battery saver, hidden tab) is no reason to stop training. */
function keepAwake(): () => void {
  const lock = navigator.wakeLock?.request('screen').catch(() => undefined);
  return () => {
    void lock?.then((held) => held?.release());
  };
}

function askBeforeLeaving(): () => void {
  const ask = (event: BeforeUnloadEvent) => event.preventDefault();
  window.addEventListener('beforeunload', ask);
  return () => window.removeEventListener('beforeunload', ask);
}
