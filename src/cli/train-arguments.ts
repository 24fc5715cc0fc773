/** The command line of `train`, read: `--model DIR --data DIR …` and any setting. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError } from '../math/errors.ts';
import type { Config } from '../protocol/config.ts';
import { flagsHelp, parseFlags } from '../protocol/flags.ts';
import type { CheckpointChoice, ExportParts } from '../protocol/messages.ts';
import { type PresetName, settingsFor } from '../protocol/presets.ts';
import { exportParts, USUAL_PARTS } from './export-parts.ts';
import { OWN_REWARDS_USAGE, type OwnRewards, takeRewardFlag, withOwnRewards } from './own-rewards.ts';
import { READING_USAGE, type ReadingFlags, takeReadingFlag } from './reading-flags.ts';
import { checkpointChoice, type Resumption, resumption } from './resumption.ts';
import {
  type NamedScorer,
  namedScorers,
  REWARD_MODEL_USAGE,
  type ScorerFlags,
  scorersToResume,
  takeScorerFlag,
  withoutScorers,
} from './reward-model-flags.ts';

export interface Options {
  readonly demo: boolean;
  readonly model?: string;
  /** A folder with an adapter that the run begins from. */
  readonly adapter?: string;
  readonly data?: string;
  /** What is chosen of how the data are read. */
  readonly reading: ReadingFlags;
  /** Models that score answers. */
  readonly scorers: readonly NamedScorer[];
  readonly out?: string;
  /** What is written into `out` at the end. */
  readonly parts: ExportParts;
  /** Settings named on the command line, and those of the preset. */
  readonly values: Partial<Config>;
  readonly preset?: PresetName;
  /** All settings; those not named are known for good once the model is open. */
  readonly config: Config;
  /** Supervised steps that go before the run. */
  readonly sftSteps: number;
  /** The run to go on with, if it is none that begins. */
  readonly resumption?: Resumption;
}

/** Settings that are not named, for a model of one's own. */
const OWN_SETTINGS = settingsFor({ usual: 'R1-Omni' });

const USAGE = `npm run train -- (--demo | --model DIR --data DIR) [--out DIR [--resume]] [--steps N] [settings]
  --demo        the embedded model and clips
  --model DIR   a checkpoint folder               --data DIR   a folder of clips with their annotation;
                for a language model, of questions and answers
  --lora DIR    a PEFT adapter of that model, which the run begins from
${READING_USAGE}${OWN_REWARDS_USAGE}${REWARD_MODEL_USAGE}  --out DIR     where the export is written, and every checkpoint (DIR/runs); settings as below
                Those not given are R1-Omni's recipe on LoRA, as listed below; with --demo, the demo's
  --export LIST some of merged, merged=bf16, adapter, checkpoint, handoff, handoff=clips, metrics, rollouts,
                predictions, logs, report, all, none: what is written into DIR (all but handoff, the bundle for other trainers; with =clips the
                clips lie in it, too)
  --sftSteps N  N supervised steps with the same settings first; the run then starts from their weights
  --resume      goes on from the newest checkpoint in DIR, with the settings of that run
  --from WHICH  with --resume: from its best checkpoint (best), the last one from before an alarm (good), or that of
                a step (20); from an older one it goes on as a run of its own
  --rest        with --resume: takes no step; the checkpoint is measured and exported as it is\n`;

function folder(value: string | undefined, flag: string): string {
  if (value === undefined || value.startsWith('--'))
    throw new InputError(`${flag} needs a folder.`, { hint: USAGE });
  return resolve(value);
}

function existing(value: string | undefined, flag: string): string {
  const path = folder(value, flag);
  // Of data one file, an archive or a list, may be the whole of it.
  if (!existsSync(path) || !(statSync(path).isDirectory() || flag === '--data')) {
    throw new InputError(`${flag} ${path}: there is no such folder.`, { hint: 'Check the path.' });
  }
  return path;
}

function count(value: string | undefined, flag: string): number {
  if (/^[1-9]\d*$/.test(value ?? '')) return Number(value);
  throw new InputError(`${flag} is ${value ?? 'missing'}; expected a whole number above 0.`, { hint: USAGE });
}

/** The whole list of settings would push the sentence off the screen. */
function unknownArgument(flag: string): InputError {
  const known = [...help().matchAll(/(?<![\w-])--[A-Za-z]+/g)].map(([word]) => word);
  const near = [...new Set(known)].filter((word) => isNear(word.toLowerCase(), flag.toLowerCase()));
  const meant = near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : '';
  return new InputError(`Unknown argument ${flag}.`, {
    hint: `${meant}All arguments: npm run train -- --help`,
  });
}

/** Whether one letter more, less or other makes the one word the other. */
function isNear(a: string, b: string): boolean {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const [left, right] = [a.slice(same), b.slice(same)];
  return [left.slice(1) === right.slice(1), left.slice(1) === right, left === right.slice(1)].some(Boolean);
}

/** @throws InputError for what is not understood, with the usage */
export function parseArguments(argv: readonly string[]): Options {
  const { values: named, preset, rest } = parseFlags(argv);
  const own: OwnRewards = { words: [], completions: 'messages' };
  const options: {
    demo: boolean;
    model?: string;
    adapter?: string;
    data?: string;
    out?: string;
    parts?: ExportParts;
    sftSteps: number;
    reading: ReadingFlags;
  } = {
    demo: false,
    sftSteps: 0,
    reading: { columns: {}, answers: {} },
  };
  const flags: ScorerFlags = { scorers: [] };
  let resume = false;
  const how: { from?: CheckpointChoice; rest: boolean } = { rest: false };
  for (let i = 0; i < rest.length; i++) {
    const flag = rest[i]!;
    if (flag === '--demo') options.demo = true;
    else if (flag === '--model') options.model = existing(rest[++i], flag);
    else if (flag === '--lora') options.adapter = existing(rest[++i], flag);
    else if (flag === '--data') options.data = existing(rest[++i], flag);
    else if (flag === '--resume') resume = true;
    else if (flag === '--from') how.from = checkpointChoice(rest[++i]);
    else if (flag === '--rest') how.rest = true;
    else if (flag === '--export') options.parts = exportParts(rest[++i]);
    else if (flag === '--sftSteps') options.sftSteps = count(rest[++i], flag);
    else if (flag === '--out') options.out = folder(rest[++i], flag);
    else if (takeRewardFlag(own, flag, rest[i + 1])) i++;
    else if (takeReadingFlag(options.reading, flag, rest[i + 1])) i++;
    else if (takeScorerFlag(flags, flag, rest[i + 1], existing)) i++;
    else throw unknownArgument(flag);
  }
  if (options.demo === (options.model !== undefined || options.data !== undefined)) {
    throw new InputError('Give either --demo, or both --model and --data.', { hint: USAGE });
  }
  if (!options.demo && (options.model === undefined || options.data === undefined)) {
    throw new InputError('--model and --data belong together.', { hint: USAGE });
  }
  if (options.parts && options.out === undefined)
    throw new InputError('--export needs --out DIR, where the files go.', { hint: USAGE });
  if (!resume && (how.rest || how.from !== undefined))
    throw new InputError('--from and --rest speak of a run that is gone on with: add --resume.', {
      hint: USAGE,
    });
  const values = withOwnRewards(named, own);
  const parts = options.parts ?? USUAL_PARTS;
  if (resume) {
    const found = resumption(options.out, values, how);
    const { config } = found.stored;
    const scorers = scorersToResume(namedScorers(flags), config);
    return { ...options, parts, values, sftSteps: 0, scorers, config, resumption: found };
  }
  const scorers = namedScorers(flags, preset);
  return {
    ...options,
    parts,
    values,
    ...(preset ? { preset } : {}),
    scorers,
    config: settingsFor({ usual: 'R1-Omni', demo: options.demo }, withoutScorers(values, scorers)),
  };
}

/** What `--help` prints. */
export const help = (): string => `${USAGE}${flagsHelp(OWN_SETTINGS)}\n`;
