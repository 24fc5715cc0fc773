/** A fork before it begins: from where, under which changes of the settings below, with which optimizer. */
import { chooseOptimizer, forkOutlook, leaveFork, startFork } from '../../store/forking.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { fire } from '../parts/fire.ts';
import { inLabels } from '../parts/in-labels.ts';
import { Panel } from '../parts/panel.tsx';
import { useFields } from '../parts/use-words.ts';
import { valueWords } from '../runs/differences.ts';
import { Problems } from '../shell/notices.tsx';

export function ForkPanel() {
  const fork = useStudioState((state) => state.fork);
  return (
    <>
      {fork && <Planned />}
      <Problems commands={['forkRun']} />
    </>
  );
}

function Planned() {
  const studio = useStudio();
  const fork = useStudioState((state) => state.fork)!;
  const draft = useStudioState((state) => state.draft);
  const busy = useStudioState(({ run }) => isUnderWay(run.state));
  const asked = useStudioState(({ pending }) => [...pending.values()].includes('forkRun'));
  const { hindrance, goesOn = true, changes = [], config } = forkOutlook({ fork, draft });
  const { run, step } = fork;
  return (
    <Panel title={`A fork of ${run.name} from step ${step}`}>
      <div className="fork-plan" data-testid="fork-plan">
        <Changes changes={changes} />
        <p className="muted">
          {goesOn
            ? `It goes on at step ${step + 1} of ${config?.steps ?? run.steps}, from the weights of the checkpoint and in the order of its rows.`
            : `Other parts train: it begins at step 1 of ${config?.steps ?? run.steps} from the weights of the checkpoint, with a fresh optimizer, and its drift is measured from there. An adapter of another shape is merged first.`}{' '}
          {run.name} stays as it is.
        </p>
        {goesOn && <Optimizer />}
        {hindrance !== undefined && (
          <p className="field-problem" role="alert">
            {inLabels(hindrance)}
          </p>
        )}
        <p className="buttons">
          <button
            type="button"
            className="primary"
            data-testid="start-fork"
            disabled={busy || asked || hindrance !== undefined}
            onClick={() => fire(startFork(studio))}
          >
            Start as a fork
          </button>
          <button type="button" data-testid="leave-fork" onClick={() => leaveFork(studio)}>
            Leave it
          </button>
        </p>
      </div>
    </Panel>
  );
}

function Changes({ changes }: { changes: NonNullable<ReturnType<typeof forkOutlook>['changes']> }) {
  const fieldBy = useFields();
  if (changes.length === 0) {
    return (
      <p>No setting is changed yet: such a fork takes the very steps that the run took. Change some below.</p>
    );
  }
  return (
    <ul data-testid="fork-changes">
      {changes.map(({ key, from, to }) => (
        <li key={key}>
          {fieldBy(key).label}: {valueWords(from)} → {valueWords(to)}
        </li>
      ))}
    </ul>
  );
}

function Optimizer() {
  const studio = useStudio();
  const optimizer = useStudioState(({ fork }) => fork?.optimizer);
  return (
    <fieldset className="fork-optimizer">
      <legend className="sr-only">Optimizer</legend>
      <label>
        <input
          type="radio"
          name="fork-optimizer"
          checked={optimizer === 'kept'}
          onChange={() => chooseOptimizer(studio, 'kept')}
        />{' '}
        keep the optimizer's moments
      </label>
      <label>
        <input
          type="radio"
          name="fork-optimizer"
          data-testid="fork-fresh"
          checked={optimizer === 'fresh'}
          onChange={() => chooseOptimizer(studio, 'fresh')}
        />{' '}
        begin with a fresh optimizer
      </label>
    </fieldset>
  );
}
