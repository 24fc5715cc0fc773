/** Answers that a run has sampled, scored once more by the rewards of other settings. No weight is touched. */
import { jsonLines } from '../io/json/json-lines.ts';
import { InputError } from '../math/errors.ts';
import { counted } from '../math/format.ts';
import type { Config } from '../protocol/config.ts';
import type { Completion, RolloutGroup } from '../protocol/messages.ts';
import type { ScoredAnswers } from '../protocol/scored-answers.ts';
import type { RewardPanel } from '../rewards/panel.ts';
import { rewardBatch, rewardRow } from '../rl/objective/reward-batch.ts';
import { nextMacrotask } from './lane.ts';
import { paced, type Report } from './progress.ts';
import { openRewards } from './rewards.ts';
import type { Run } from './run.ts';
import { type AnswerLine, groupsOfLines, readAnswer } from './runs/answers.ts';

interface Step {
  readonly step: number;
  readonly groups: readonly RolloutGroup[];
}

export interface Scoring {
  readonly report: Report;
  /** Aborted: what is scored by then is the result. */
  readonly stop: AbortSignal;
}

/** Milliseconds between two looks whether to stop: built-in rewards leave no message through. */
const BREATH_MS = 50;

/** `config` says the rewards; the prompts are those that the run asked. @throws InputError for rewards that cannot be made ready */
export async function scoreAgain(run: Run, config: Config, scoring: Scoring): Promise<ScoredAnswers> {
  const steps = await storedSteps(run.rolloutsLog.blob(), run.config.groupSize);
  if (steps.length === 0) {
    throw new InputError('The run has sampled no answers.', { hint: 'Start it: each step samples some.' });
  }
  const panel = await openRewards(config, run.parts.openers ?? {});
  try {
    return await scoreSteps(run, config, panel, steps, scoring);
  } finally {
    panel[Symbol.dispose]();
  }
}

/** The log's groups by step; those that are not whole, or were in no batch, are left out. */
async function storedSteps(log: Blob, groupSize: number): Promise<Step[]> {
  const lines = new Map<number, AnswerLine[]>();
  for await (const { value } of jsonLines(log)) {
    const line = readAnswer(value as Record<string, unknown>);
    const of = lines.get(line.step);
    if (of) of.push(line);
    else lines.set(line.step, [line]);
  }
  const trained = ({ completions, leftOut }: RolloutGroup) => completions.length === groupSize && !leftOut;
  return [...lines].map(([step, of]) => ({ step, groups: groupsOfLines(of).filter(trained) }));
}

async function scoreSteps(
  run: Run,
  config: Config,
  panel: RewardPanel,
  steps: readonly Step[],
  { report, stop }: Scoring,
): Promise<ScoredAnswers> {
  const { groupSize, rewards: before } = run.config;
  const groups = steps.flatMap((step) => step.groups);
  const answers = groups.flatMap(({ completions }) => completions);
  const isTimeToBreathe = paced(BREATH_MS);
  const columns = (names: readonly string[]) =>
    names.map(() => new Float64Array(answers.length).fill(Number.NaN));
  const stored = { names: [...before], values: columns(before) };
  const scored = { names: [...config.rewards], values: columns(config.rewards) };
  const troubles = new Set<string>();
  const failed = new Set<string>();
  const told = { rowOf: rowsOf(run), ids: idsOf(run, config) };
  let at = 0;
  for (const { step, groups: asked } of steps) {
    if (isTimeToBreathe()) await nextMacrotask();
    if (stop.aborted) break;
    const { values, troubles: found } = await panel.score(batchOf(run, step, asked, told), stop);
    // Of a step that was broken off nothing is known.
    if (stop.aborted) break;
    for (const { reward, message, isScored } of found) {
      troubles.add(message);
      if (!isScored) failed.add(reward);
    }
    for (const row of values) {
      row.forEach((value, k) => {
        scored.values[k]![at] = value ?? Number.NaN;
      });
      before.forEach((name, k) => {
        stored.values[k]![at] = answers[at]!.rewards[name] ?? Number.NaN;
      });
      at++;
    }
    report(at, answers.length);
  }
  const stepOf = steps.flatMap(({ step, groups: of }) =>
    of.flatMap(() => new Array<number>(groupSize).fill(step)),
  );
  const advantages = Float64Array.from(answers.slice(0, at), ({ advantage }) => advantage);
  const upTo = ({ names, values }: typeof scored) => ({
    names,
    values: values.map((each) => each.slice(0, at)),
  });
  return {
    groupSize,
    of: answers.length,
    steps: Int32Array.from(stepOf.slice(0, at)),
    exampleIds: groups.slice(0, at / groupSize).map(({ exampleId }) => exampleId),
    stored: { ...upTo(stored), advantages },
    scored: upTo(scored),
    troubles: [...troubles, ...silences(config, upTo(scored), failed)],
  };
}

/** Rewards that gave no answer a number, those apart of which is told why. */
function silences(
  { rewardSources }: Config,
  { names, values }: ScoredAnswers['scored'],
  failed: ReadonlySet<string>,
): string[] {
  const isSilent = (name: string, k: number): boolean =>
    !failed.has(name) && values[k]!.length > 0 && values[k]!.every(Number.isNaN);
  return names.filter(isSilent).map((name) => {
    const answers = counted(values[0]!.length, 'answer');
    if (!rewardSources.some((own) => own.name === name)) return `${name} applies to none of ${answers}.`;
    return `${name} gave none of ${answers} a number: for each it returned NaN, or null (in Python None), which says that it does not apply.`;
  });
}

type RowOf = (group: RolloutGroup) => { label: string; row?: ReturnType<typeof rewardRow> };

/** What rewards are told of each row, made once for each example. */
function rowsOf({ parts, prompts }: Run): RowOf {
  const byId = new Map(parts.data.examples.map((example) => [example.id, example]));
  const made = new Map<string, ReturnType<typeof rewardRow>>();
  return ({ exampleId, label }) => {
    const example = byId.get(exampleId);
    if (!example) return { label };
    const row = made.get(exampleId) ?? rewardRow(prompts.of(example), example);
    made.set(exampleId, row);
    return { label, row };
  };
}

type IdsOf = (completion: Completion) => readonly number[];

/**
 * Ids are not kept with answers: they are those of the text, as many as were sampled. To find them takes longer than to score, so
 * they are found for programs that speak of them; the others, and built-in rewards, are given their number alone.
 */
function idsOf({ parts }: Run, { rewards, rewardSources }: Config): IdsOf {
  const { tokenizer } = parts.model.text;
  const own = rewardSources.filter(({ name }) => rewards.includes(name));
  if (!own.some(({ source }) => source.includes('completion_ids')))
    return ({ tokens }) => new Array<number>(tokens).fill(0);
  return ({ rawText, tokens }) => sampledIds(tokenizer.encode(rawText), tokens);
}

/** The call as it was at that step. */
function batchOf(
  { config }: Run,
  step: number,
  groups: readonly RolloutGroup[],
  { rowOf, ids }: { readonly rowOf: RowOf; readonly ids: IdsOf },
) {
  const answers = groups.map(({ completions }) =>
    completions.map((completion) => ({ text: completion.text, ids: ids(completion) })),
  );
  return rewardBatch(groups.map(rowOf), answers, {
    ...{ global_step: step - 1, max_steps: config.steps, epoch: 0, num_input_tokens_seen: 0 },
    ...{ is_local_process_zero: true, is_world_process_zero: true },
  });
}

/** From the end: what a template began the answer with was not sampled. */
function sampledIds(ids: ArrayLike<number>, count: number): number[] {
  const last = Array.from(ids).slice(-count);
  return [...new Array<number>(count - last.length).fill(last[0] ?? 0), ...last];
}
