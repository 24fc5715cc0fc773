import type { Example } from '../data/types.ts';
import { familyOf } from '../families/index.ts';
import type { Gpu } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import { type Config, defaultConfig, PROMPT_KEYS } from '../protocol/config.ts';
import { OF_TOWER } from '../protocol/of-model.ts';
import { gateShape } from '../rl/media/gate.ts';
import type { PolicyOptions } from '../rl/policy/policy.ts';
import { type Start, startFrom } from '../rl/policy/start-weights.ts';
import { hasTowerInside } from '../rl/policy/trained-parts.ts';
import { answerIds } from '../rl/prepare.ts';
import { drained, promptsInSteps, type RunPrompts } from '../rl/prompts.ts';
import type { RunSetup } from '../rl/run-context.ts';
import { promptRoom } from '../rl/update/batch-limits.ts';
import type { OpenModel } from './inputs/model.ts';
import { nextMacrotask } from './lane.ts';

/** The adapter that these settings train. */
function loraOf({ loraRank, loraAlpha, loraTargets, loraVision }: Config): PolicyOptions['lora'] {
  if (loraRank === 0) return undefined;
  const onTower = loraVision ? { vision: true } : {};
  return { rank: loraRank, alpha: loraAlpha, targets: loraTargets, ...onTower };
}

/** How a run with these settings starts from what another left; undefined: from the published weights. */
export async function startOf(
  { files, left }: Pick<OpenModel, 'files' | 'left'>,
  config: Config,
): Promise<Start | undefined> {
  return left && startFrom(files, left, loraOf(config));
}

/**
 * What a run's settings ask of the model; `maxPositions`: how far the positions of its longest sequence reach. The
 * switch of a part that the family lacks says nothing. @throws InputError when nothing would train
 */
export function policyOptions(
  family: string,
  config: Config,
  maxPositions: number,
  start?: Start,
): PolicyOptions {
  const lora = loraOf(config);
  const adapter = start?.adapter;
  const { frozenWeights, trainDecoder, beta, seed } = config;
  const { trainable } = familyOf(family);
  const [first, ...others] = trainable.filter((part) => part === 'decoder' || part === 'vision');
  if (!trainable.includes('projectors') && !lora && !trainDecoder && !config.trainVision) {
    const parts =
      others.length > 0 ? `${first} and ${others[0]} tower can, and both are` : `${first} can, and it is`;
    throw new InputError(`Nothing trains: of a ${family} only the ${parts} switched off.`, {
      hint: `Set loraRank above 0, or switch trainDecoder ${others.length > 0 ? 'or trainVision ' : ''}on.`,
    });
  }
  if (!trainable.includes('vision')) demandNothingOfTower(family, config);
  return {
    trainDecoder,
    trainProjectors: trainable.includes('projectors') && config.trainProjectors,
    trainGate: trainable.includes('gate') && config.trainGate,
    trainBert: trainable.includes('bert') && config.trainBert,
    trainVision: config.trainVision,
    ...(hasTowerInside(config) ? { withTower: true } : {}),
    ...(lora ? { lora } : {}),
    ...(adapter ? { adapter, referenceHasAdapter: true } : {}),
    frozenWeights,
    reference: config.stage === 'grpo' && beta !== 0,
    seed,
    maxPositions,
  };
}

/** @throws InputError naming a setting that would say nothing of such a model */
function demandNothingOfTower(family: string, config: Config): void {
  const usual = defaultConfig();
  const key = OF_TOWER.find((setting) => config[setting] !== usual[setting]);
  if (!key) return;
  throw new InputError(
    `${key} is ${config[key]}; it says how the vision tower of a Qwen2-VL or Qwen2.5-VL sees and trains, and this is a ${family}.`,
    { hint: `Set ${key} to ${usual[key]}.` },
  );
}

/** Weights that are only measured: as the files have them, and nothing trains. */
export function measuredOptions(config: Config, maxPositions: number): PolicyOptions {
  const { frozenWeights, seed } = config;
  const nothing = { trainDecoder: false, trainProjectors: false, trainGate: false, trainBert: false };
  const tower = hasTowerInside(config) ? { withTower: true } : {};
  return { ...nothing, ...tower, frozenWeights, reference: false, seed, maxPositions };
}

/** What differs between a run and its plan. */
type SetupParts = Pick<RunSetup, 'policy' | 'config' | 'ceilings' | 'rewards'>;

/** What a run context is made from: the parts given, and what follows from model and prompts. */
export function runSetup(
  { text, endIds, clips }: Pick<OpenModel, 'text' | 'endIds' | 'clips'>,
  { prompts, longestAnswer }: RunTexts,
  parts: SetupParts,
): RunSetup {
  const { counts } = prompts;
  return {
    ...parts,
    tokenizer: text.tokenizer,
    endIds,
    gate: gateShape(parts.policy, prompts.gateTexts),
    mediaCounts: counts,
    longestPrompt: prompts.longest,
    ...(hasTowerInside(parts.config) && clips?.largest ? { largestGrids: [clips.largest] } : {}),
    longestAnswer,
  };
}

/** What a run asks, and how long answers get. */
export interface RunTexts {
  readonly prompts: RunPrompts;
  /** Tokens of the longest answer that supervised training will learn; 1 for training by rewards. */
  readonly longestAnswer: number;
}

/** The latest texts by the model's tools: a plan is asked for at every change of a setting, and most change no text. */
const known = new WeakMap<object, { readonly examples: readonly Example[]; key: string; texts: RunTexts }>();

type TextsOf = readonly [
  model: Pick<OpenModel, 'text' | 'clips' | 'config'>,
  config: Config,
  examples: readonly Example[],
  gpu?: Gpu,
];

/** `gpu`: the device whose passes have to hold the prompts; without one, any may be as long as it is. */
export const runTexts = (...what: TextsOf): RunTexts => drained(textsInSteps(...what));

/** Milliseconds that texts are read before other commands have their turn. */
const TURN_MS = 40;

/** Texts that are being read, and for whom. */
interface Reading {
  readonly examples: readonly Example[];
  readonly key: string;
  readonly wanted: (() => boolean)[];
  readonly texts: Promise<RunTexts | undefined>;
}

/** What is being read by the model's tools; who asks for the same waits with the others. */
const readings = new WeakMap<object, Reading>();

/**
 * The same without holding up what else is asked: thousands of rows take seconds. Undefined where between two turns nobody waits
 * for it any more, as `isWanted` says.
 */
export function readTexts(
  what: TextsOf,
  isWanted: () => boolean = () => true,
): Promise<RunTexts | undefined> {
  const [{ text }, , examples] = what;
  const key = keyOf(what);
  const under = readings.get(text);
  if (under?.examples === examples && under.key === key) {
    under.wanted.push(isWanted);
    return under.texts;
  }
  const wanted = [isWanted];
  const reading = { examples, key, wanted, texts: inTurns(textsInSteps(...what), wanted) };
  readings.set(text, reading);
  const end = () => {
    if (readings.get(text) === reading) readings.delete(text);
  };
  void reading.texts.then(end, end);
  return reading.texts;
}

async function inTurns(
  steps: Generator<void, RunTexts>,
  wanted: readonly (() => boolean)[],
): Promise<RunTexts | undefined> {
  let began = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - began < TURN_MS) continue;
    await nextMacrotask();
    if (!wanted.some((isWanted) => isWanted())) return undefined;
    began = performance.now();
  }
}

/** Tokens that a pass on the device holds, as far as one is known. */
const heldBy = ([{ config }, { stage, maxCompletionLength }, , gpu]: TextsOf): number | undefined =>
  gpu &&
  promptRoom(
    config.decoder,
    gpu.device.limits.maxStorageBufferBindingSize,
    stage === 'grpo' ? maxCompletionLength : 1,
  );

/** The settings that texts are made of. */
const keyOf = (what: TextsOf): string =>
  JSON.stringify([what[1].stage, heldBy(what), ...PROMPT_KEYS.map((name) => what[1][name])]);

function* textsInSteps(...what: TextsOf): Generator<void, RunTexts> {
  const [{ text, clips }, config, examples] = what;
  const key = keyOf(what);
  const last = known.get(text);
  if (last?.examples === examples && last.key === key) return last.texts;
  const limits = { set: config.maxPromptLength || undefined, held: heldBy(what) };
  const prompts = yield* promptsInSteps(text, config, clips ? ['video'] : [], examples, limits);
  const train =
    config.stage === 'sft' ? examples.filter(({ split }) => split === 'train').filter(prompts.asks) : [];
  let longestAnswer = 1;
  for (const example of train) {
    longestAnswer = Math.max(longestAnswer, answerIds(text, prompts.of(example), example).length);
    yield;
  }
  const texts = { prompts, longestAnswer };
  known.set(text, { examples, key, texts });
  return texts;
}

/** Positions that the longest sequence of a run reaches. */
export function mostPositions({ prompts, longestAnswer }: RunTexts, config: Config): number {
  return prompts.positions + Math.max(longestAnswer, config.maxCompletionLength);
}
