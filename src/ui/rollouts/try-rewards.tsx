/** Try rewards on answers that were already sampled: what they would have earned and taught, beside what they did. */
import { useMemo, useState } from 'react';
import { formatMetric, formatPercent } from '../../math/format.ts';
import { type Config, knownRewards, parseConfig } from '../../protocol/config.ts';
import type { ScoredAnswers } from '../../protocol/scored-answers.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { draftProblems } from '../../store/studio.ts';
import { fire } from '../parts/fire.ts';
import { HeldButton } from '../parts/held-button.tsx';
import { inLabels } from '../parts/in-labels.ts';
import { EditHere } from '../rewards/edit-here.tsx';
import { keepVersions } from '../rewards/kept-versions.ts';
import { acceptedAs } from '../rewards/open-file.ts';
import { withSources } from '../rewards/own-files.ts';
import { Problems } from '../shell/notices.tsx';
import { Changes, type ShowAnswer } from './changes.tsx';
import { type Comparison, compare, unscored, type Weights, weightsOf } from './what-if.ts';

/** Closed until it is asked for: most visits are for reading. */
export function TryRewards({ show }: { show: ShowAnswer }) {
  const running = useStudioState((state) => state.running);
  const [isOpen, setOpen] = useState(false);
  if (running?.stage !== 'grpo') return null;
  return (
    <details className="try-rewards" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary data-testid="try-rewards">Try other rewards on these answers</summary>
      {isOpen && <Trial trained={running} show={show} />}
    </details>
  );
}

/** What was scored, and by which settings: other programs or parameters ask for other scores. */
interface Scores {
  readonly of: string;
  readonly answers: ScoredAnswers;
}

/** The settings by which rewards score, their choice and weights apart. */
function scoringOf({
  rewards: _,
  rewardWeights: __,
  scaleRewards: ___,
  multiObjectiveAggregation: ____,
  ...rest
}: Config) {
  return JSON.stringify(rest);
}

interface TrialProps {
  readonly trained: Config;
  readonly show: ShowAnswer;
}

/** Under the settings of the form, once they are sound. */
function Trial(props: TrialProps) {
  const draft = useStudioState((state) => state.draft);
  const settings = useMemo(() => (draftProblems(draft).length > 0 ? undefined : parseConfig(draft)), [draft]);
  if (settings) return <SoundTrial {...props} draft={settings} />;
  return <p className="muted">A setting on Train cannot be used yet: mend it first.</p>;
}

/** Own rewards as they are in the editor. */
interface Edited {
  readonly sources: readonly RewardSource[];
  /** Rewards whose place they take. */
  readonly before: readonly string[];
  /** The settings' own rewards at that time: once these change, they count. */
  readonly over: Config['rewardSources'];
}

/** The settings as they would be if what is edited were accepted. */
function withEdited(draft: Config, edited: Edited | undefined): Config {
  if (edited?.over !== draft.rewardSources) return draft;
  const { rewardSources } = withSources(draft, edited.before, edited.sources);
  return { ...draft, rewardSources: [...rewardSources] };
}

function SoundTrial({ trained, show, draft: written }: TrialProps & { draft: Config }) {
  const studio = useStudio();
  const [weights, setWeights] = useState<Weights>(() => weightsOf(written));
  const [edited, setEdited] = useState<Edited>();
  const draft = useMemo(() => withEdited(written, edited), [written, edited]);
  const [scores, setScores] = useState<Scores>();
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('scoreAgain'));
  const of = scoringOf(draft);
  const answers = scores?.of === of ? scores.answers : undefined;
  const missing = unscored(answers, weights);
  const comparison = useMemo(
    () =>
      answers && answers.steps.length > 0 && missing.length === 0 && weights.size > 0
        ? compare(answers, trained, weights, draft)
        : undefined,
    [answers, missing.length, weights, trained, draft],
  );
  const score = async (by: Config, tried: Weights) => {
    const config = { ...by, rewards: [...tried.keys()], rewardWeights: [] };
    setScores({ of: scoringOf(by), answers: (await studio.ask('scoreAgain', { config })).answers });
  };
  const tryEdited = (sources: readonly RewardSource[], before: readonly string[]) => {
    const next = { sources, before, over: written.rewardSources };
    const names = sources.map(({ name }) => name);
    const others = [...weights].filter(([name]) => names.includes(name) || !before.includes(name));
    const tried = new Map([...names.map((name) => [name, 1] as const), ...others]);
    setEdited(next);
    setWeights(tried);
    fire(score(withEdited(written, next), tried));
  };
  const take = () => {
    const { rewardSources } = draft;
    studio.editAll({ rewardSources, rewards: [...weights.keys()], rewardWeights: [...weights.values()] });
    if (!edited || draft === written) return;
    acceptedAs(edited.sources);
    fire(keepVersions(edited.sources));
  };
  return (
    <>
      <p className="muted">
        Every stored answer of this run is scored again; nothing of the run changes. Settings of rewards are
        those of the form on Train; own rewards may be edited here.
      </p>
      <Problems commands={['scoreAgain']} />
      <RewardChoice names={knownRewards(draft)} weights={weights} setWeights={setWeights} />
      <div className="toolbar">
        <HeldButton
          className="primary"
          data-testid="score-again"
          disabled={busy || weights.size === 0}
          onClick={() => fire(score(draft, weights))}
        >
          {busy ? 'Scoring…' : 'Score again'}
        </HeldButton>
        <HeldButton data-testid="stop-scoring" disabled={!busy} onClick={() => studio.tell('stopScoring')}>
          Stop
        </HeldButton>
        <HeldButton disabled={weights.size === 0} onClick={take}>
          Use for the next run
        </HeldButton>
        {answers && missing.length > 0 && (
          <span className="muted">Not scored yet: {missing.join(', ')}. Press “Score again”.</span>
        )}
      </div>
      <EditHere onTry={tryEdited} />
      {answers && answers.steps.length < answers.of && (
        <p className="notice" role="status" data-testid="scored-in-part">
          Stopped: {answers.steps.length} of {answers.of} answers are scored, and what follows is of these.
        </p>
      )}
      {answers?.troubles.map((trouble) => (
        <p className="notice" key={trouble}>
          {inLabels(trouble)}
        </p>
      ))}
      {comparison && answers && (
        <>
          <Summary comparison={comparison} trained={trained} weights={weights} />
          <Changes changes={comparison.largest} show={show} />
        </>
      )}
    </>
  );
}

interface ChoiceProps {
  readonly names: readonly string[];
  readonly weights: Weights;
  readonly setWeights: (weights: Weights) => void;
}

function RewardChoice({ names, weights, setWeights }: ChoiceProps) {
  const set = (name: string, weight: number | undefined) => {
    const next = new Map(weights);
    if (weight === undefined) next.delete(name);
    else next.set(name, weight);
    setWeights(next);
  };
  return (
    <ul className="reward-choice" aria-label="Rewards to try">
      {names.map((name) => {
        const weight = weights.get(name);
        return (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={weight !== undefined}
                onChange={({ target }) => set(name, target.checked ? 1 : undefined)}
              />{' '}
              {name}
            </label>
            {weight !== undefined && (
              <input
                type="number"
                step="any"
                aria-label={`Weight of ${name}`}
                data-testid={`try-weight-${name}`}
                defaultValue={weight}
                onChange={({ target }) => {
                  if (Number.isFinite(target.valueAsNumber)) set(name, target.valueAsNumber);
                }}
              />
            )}
          </li>
        );
      })}
    </ul>
  );
}

interface SummaryProps {
  readonly comparison: Comparison;
  readonly trained: Config;
  readonly weights: Weights;
}

function Summary({ comparison, trained, weights }: SummaryProps) {
  const { before, after, answers, signChanges } = comparison;
  const names = [...new Set([...trained.rewards, ...weights.keys()])];
  const partOf = (list: readonly string[], parts: readonly number[], name: string) =>
    list.includes(name) ? formatMetric(parts[list.indexOf(name)]!, 4) : '–';
  return (
    <table className="what-if" data-testid="what-if">
      <caption>
        {answers} answers; the advantage of {signChanges} of them changes its sign.
      </caption>
      <thead>
        <tr>
          <td />
          <th scope="col" className="right">
            as trained
          </th>
          <th scope="col" className="right">
            as tried
          </th>
        </tr>
      </thead>
      <tbody>
        <Line
          name="reward, mean"
          before={formatMetric(before.reward, 4)}
          after={formatMetric(after.reward, 4)}
        />
        {names.map((name) => (
          <Line
            key={name}
            name={name}
            before={partOf(trained.rewards, before.parts, name)}
            after={partOf([...weights.keys()], after.parts, name)}
          />
        ))}
        <Line
          name="spread within groups"
          before={formatMetric(before.spread, 4)}
          after={formatMetric(after.spread, 4)}
        />
        <Line
          name="groups with a signal"
          before={formatPercent(before.signal, 0)}
          after={formatPercent(after.signal, 0)}
        />
      </tbody>
    </table>
  );
}

function Line({ name, before, after }: { name: string; before: string; after: string }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="right number">{before}</td>
      <td className="right number">{after}</td>
    </tr>
  );
}
