/** A run goes on to more steps than it was begun with; what becomes of its learning rate is said before. */
import { type FormEvent, useId, useState } from 'react';
import { formatMetric } from '../../math/format.ts';
import { scheduleFactor } from '../../math/schedule.ts';
import { CONFIG_FIELDS, type Config } from '../../protocol/config.ts';
import type { StoredRun } from '../../protocol/messages.ts';
import { useStudio } from '../../store/react.ts';
import { goTo } from '../address.ts';
import { fire } from '../parts/fire.ts';

/** The learning rate of a step, which counts from 1. */
function rateAt({ schedule, steps, warmupSteps, learningRate }: Config, step: number): string {
  const factor = scheduleFactor({ kind: schedule, totalSteps: steps, warmupSteps }, step - 1);
  return formatMetric(learningRate * factor, 3);
}

/** What the learning rate is to be, and what it would have been. */
function rateWords(was: Config, step: number, to: Pick<Config, 'steps' | 'schedule'>): string {
  const config = { ...was, ...to };
  if (was.schedule === 'constant' && to.schedule === 'constant') {
    return `The learning rate stays as it is, ${rateAt(config, step + 1)} at step ${step + 1}: the run is as if it had been begun with ${to.steps} steps.`;
  }
  const next = rateAt(config, step + 1);
  const last = rateAt(config, to.steps);
  const before = `its last step so far had ${rateAt(was, Math.max(1, step))}`;
  return `The schedule ends at step ${to.steps} instead of ${was.steps}: the learning rate is ${next} at step ${step + 1} (${before}) and ${last} at step ${to.steps}.`;
}

export function ProlongForm({ run, busy }: { run: StoredRun; busy: boolean }) {
  const studio = useStudio();
  const id = useId();
  const [steps, setSteps] = useState(String(2 * run.steps));
  const [schedule, setSchedule] = useState(run.config.schedule);
  const wanted = Number(steps);
  const isSound = CONFIG_FIELDS.steps.schema.safeParse(wanted).success && wanted > run.step;
  const go = async (event: FormEvent) => {
    event.preventDefault();
    if (!isSound || busy) return;
    await studio.ask('prolongRun', { runId: run.id, steps: wanted, schedule });
    goTo('train');
  };
  return (
    <form className="prolong" data-testid="prolong" onSubmit={(event) => fire(go(event))}>
      <p className="toolbar">
        <label htmlFor={`${id}-steps`}>Go on to step</label>
        <input
          {...{ id: `${id}-steps`, type: 'number', min: run.step + 1, step: 1, value: steps }}
          aria-invalid={!isSound}
          data-testid="prolong-steps"
          onChange={({ target }) => setSteps(target.value)}
        />
        <label>
          schedule{' '}
          <select
            value={schedule}
            data-testid="prolong-schedule"
            onChange={({ target }) => setSchedule(target.value as Config['schedule'])}
          >
            {CONFIG_FIELDS.schedule.choices?.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={!isSound || busy} aria-label={`Prolong ${run.name}`}>
          Prolong
        </button>
      </p>
      <p className="muted" role="status">
        {isSound
          ? rateWords(run.config, run.step, { steps: wanted, schedule })
          : `A whole number above ${run.step}, the steps that the run has taken.`}
      </p>
    </form>
  );
}
