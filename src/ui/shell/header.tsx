/** The line that never moves: what runs, how far, how long, how much memory, and the buttons. */
import { formatBytes, formatDuration } from '../../math/format.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import type { StudioState } from '../../store/state.ts';
import { startHindrance } from '../../store/studio.ts';
import { goTo } from '../address.ts';
import { HeldButton } from '../parts/held-button.tsx';
import { inLabels } from '../parts/in-labels.ts';
import { KeyList } from './key-list.tsx';
import { ThemeButton } from './theme-button.tsx';

export function Header() {
  return (
    <header className="header">
      <strong className="brand">
        <span aria-hidden="true">◆</span> Omni GRPO Studio
      </strong>
      <ModelName />
      <RunStatus />
      <Memory />
      <RunButtons />
      <ThemeButton />
      <KeyList />
    </header>
  );
}

function ModelName() {
  const name = useStudioState(({ model }) => model?.name);
  return name ? <span className="header-model muted">{name}</span> : null;
}

/** Seconds until the last step, by the mean of the latest ten; undefined when unknown. */
function secondsLeft({ steps, run }: StudioState): number | undefined {
  const times = steps.slice(-10).flatMap(({ metrics }) => metrics.step_time ?? []);
  if (times.length === 0 || run.state !== 'running') return undefined;
  const mean = times.reduce((total, time) => total + time, 0) / times.length;
  return Math.round(mean * (run.steps - run.step));
}

function RunStatus() {
  const { state, step, steps, message } = useStudioState(({ run }) => run);
  const left = useStudioState(secondsLeft);
  return (
    <span className="run-status">
      <span className="dot" data-run={state} aria-hidden="true" />
      <span data-testid="state" data-state={state} role="status">
        {state}
      </span>
      {steps > 0 && (
        <span className="number" data-testid="run-step">
          step {step} / {steps}
        </span>
      )}
      <ClipsReady />
      {left !== undefined && <span className="muted number">{formatDuration(left)} left</span>}
      <SavedAt />
      {message && (
        <span className="muted run-message" title={inLabels(message)}>
          {inLabels(message)}
        </span>
      )}
    </span>
  );
}

/** How far the run is ahead of its steps with its clips, until all are known. */
function ClipsReady() {
  const clips = useStudioState((state) => state.clips);
  const state = useStudioState(({ run }) => run.state);
  if (!clips || !isUnderWay(state) || clips.ready + clips.unreadable === clips.total) return null;
  const unread = clips.unreadable > 0 ? `, ${clips.unreadable} cannot be read` : '';
  return (
    <span
      className="muted number"
      data-testid="clips-ready"
      title="The others are decoded and encoded ahead of the steps that take them"
    >
      {clips.ready} of {clips.total} clips ready{unread}
    </span>
  );
}

/** Up to where a reload loses nothing. */
function SavedAt() {
  const saved = useStudioState((state) => state.saved);
  if (!saved) return null;
  return (
    <span
      className="saved-at muted number"
      data-testid="saved"
      title={`Kept on this device as ${saved.name}`}
    >
      saved at <span className="sr-only">step </span>
      {saved.step}
    </span>
  );
}

function Memory() {
  const memory = useStudioState((state) => state.memory);
  if (!memory) return null;
  const now = Object.values(memory.parts).reduce((total, bytes) => total + bytes, 0);
  return (
    <span
      className="header-memory muted number"
      data-testid="memory"
      title="GPU memory now, and at most so far"
    >
      GPU {formatBytes(now)} · peak {formatBytes(memory.peak)}
    </span>
  );
}

function RunButtons() {
  const studio = useStudio();
  const state = useStudioState(({ run }) => run.state);
  const hindrance = useStudioState(startHindrance);
  const startable = hindrance === undefined;
  const aim = useStudioState(({ model, data }) => `Trains ${model?.name} on ${data?.name}`);
  const begin = (act: () => void) => () => {
    act();
    goTo('train');
  };
  return (
    <span className="run-buttons">
      {state === 'running' || state === 'pausing' ? (
        <HeldButton data-testid="pause" disabled={state === 'pausing'} onClick={studio.pause}>
          ❚❚ <span className="word">Pause</span>
        </HeldButton>
      ) : state === 'paused' ? (
        <HeldButton className="primary" data-testid="start" disabled={false} onClick={studio.resume}>
          ▶ Resume
        </HeldButton>
      ) : (
        <HeldButton
          className="primary"
          data-testid="start"
          disabled={!startable}
          title={hindrance ? inLabels(hindrance) : aim}
          onClick={begin(studio.start)}
        >
          ▶ Start
        </HeldButton>
      )}
      <HeldButton
        data-testid="step"
        disabled={state !== 'paused' && !startable}
        onClick={begin(studio.step)}
        title="One step, then pause"
      >
        ▸❘ <span className="word">Step</span>
      </HeldButton>
      <HeldButton data-testid="stop" disabled={!isUnderWay(state)} onClick={() => studio.tell('stop')}>
        ■ <span className="word">Stop</span>
      </HeldButton>
    </span>
  );
}
