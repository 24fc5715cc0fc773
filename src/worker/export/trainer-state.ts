import type { Config } from '../../protocol/config.ts';
import { METRICS, type MetricValues } from '../../protocol/metrics.ts';
import { optimizerSteps, saveSteps } from '../../protocol/trl-settings.ts';
import type { Run } from '../run.ts';
import type { RunParts } from '../run-parts.ts';
import { betterScore, type Score } from '../runs/keep.ts';

/** What a checkpoint is made from: a run, as far as it matters. */
export type CheckpointSource = Pick<
  Run,
  'config' | 'policy' | 'start' | 'step' | 'optimizer' | 'metricsLog'
> & {
  readonly parts: Pick<RunParts, 'data'>;
};

/** A line of metrics.jsonl. */
type Line = MetricValues & { readonly step: number };

/** The studio's own numbers, for which TRL has no name. */
const NOT_TRL = /^(tokens_per_second|memory|eval)\//;

/** trainer_state.json, as transformers' Trainer reads it when it resumes: how far the run is, and its log under TRL's names. */
export async function trainerState(run: CheckpointSource): Promise<object> {
  const { config, step, parts } = run;
  const lines = await metricLines(run.metricsLog.blob());
  const last = lines.at(-1);
  const train = parts.data.examples.filter(({ split }) => split === 'train').length;
  const best = bestIn(lines, config.bestMetric);
  return {
    best_global_step: best ? optimizerSteps(config, best.step) : null,
    best_metric: best?.value ?? null,
    // Of other steps there is no folder beside this one.
    best_model_checkpoint: best?.step === step ? `checkpoint-${optimizerSteps(config, step)}` : null,
    epoch: last?.epoch ?? 0,
    eval_steps: 500,
    global_step: optimizerSteps(config, step),
    is_hyper_param_search: false,
    is_local_process_zero: true,
    is_world_process_zero: true,
    log_history: lines.flatMap((line) => logEntries(line, optimizerSteps(config, line.step))),
    logging_steps: 1,
    max_steps: optimizerSteps(config, config.steps),
    num_input_tokens_seen: last?.num_tokens ?? 0,
    num_train_epochs: Math.ceil((config.steps * config.promptsPerStep) / Math.max(1, train)),
    save_steps: saveSteps(config),
    stateful_callbacks: {
      TrainerControl: {
        args: {
          should_epoch_stop: false,
          should_evaluate: false,
          should_log: false,
          should_save: true,
          should_training_stop: false,
        },
        attributes: {},
      },
    },
    total_flos: 0,
    train_batch_size: config.groupSize,
    trial_name: null,
    trial_params: null,
  };
}

/** The best score on held-out clips so far; undefined where none was measured after a step. */
function bestIn(lines: readonly Line[], wanted: Config['bestMetric']): Score | undefined {
  let best: Score | undefined;
  for (const line of lines) {
    const metric =
      line['eval/score'] === undefined ? (wanted === 'eval/uar' ? wanted : 'eval/war') : 'eval/score';
    const value = line[metric];
    if (value !== undefined) best = betterScore(best, { metric, value, step: line.step });
  }
  return best;
}

/** Begins the keys of what rewards logged. */
const LOGGED = 'log/';
/** Begins the means of rewards over held-out answers. */
const HELD_OUT_REWARDS = 'eval/rewards/';

/** A step's entry, and one of its evaluation where it had one. */
function logEntries({ step: _, ...metrics }: Line, step: number): object[] {
  const epoch = metrics.epoch ?? 0;
  const known = Object.entries(metrics).filter(([key]) => isTrl(key));
  const logged = Object.entries(metrics).filter(([key]) => key.startsWith(LOGGED));
  // TRL logs what rewards log under the bare name.
  const bare = logged.map(([key, value]) => [key.slice(LOGGED.length), value] as const);
  const entries: object[] = [{ ...Object.fromEntries(bare), ...Object.fromEntries(known), epoch, step }];
  const { 'eval/war': war, 'eval/uar': uar, 'eval/score': score } = metrics;
  const means = Object.entries(metrics).filter(([key]) => key.startsWith(HELD_OUT_REWARDS));
  // TRL's name for it, too.
  const rewards = Object.fromEntries(means.map(([key, value]) => [key.replace('/', '_'), value]));
  if (war !== undefined) entries.push({ eval_war: war, eval_uar: uar, ...rewards, epoch, step });
  if (score !== undefined) entries.push({ eval_score: score, ...rewards, epoch, step });
  return entries;
}

function isTrl(key: string): boolean {
  return (Object.hasOwn(METRICS, key) || key.startsWith('rewards/')) && !NOT_TRL.test(key);
}

/** What metrics.jsonl holds, a step an entry. */
async function metricLines(log: Blob): Promise<Line[]> {
  const lines = (await log.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Line);
}
