/** Which completions of a step go through a forward and backward, beside which others, and what each of them weighs. */

import type { LossConfig } from '../../protocol/loss-config.ts';
import { type LossExtent, type LossShare, lossShares } from '../../protocol/loss-shares.ts';
import type { AskedFeatures } from '../media/gate.ts';
import type { MediaTokens } from '../media/media-input.ts';
import { type PassSize, passSize, type TokenGroup } from './pass-arrays.ts';

/** Media of one prompt: its features, and its tokens where they do not depend on what trains. */
export interface GroupMedia {
  readonly features: AskedFeatures;
  readonly tokens?: MediaTokens;
  readonly referenceTokens?: MediaTokens;
}

/** One prompt with its completions, its media, and what each completion earned. */
export interface UpdateGroup extends TokenGroup {
  readonly media: GroupMedia;
  readonly advantages: readonly number[];
  /** False for completions that are left out of the loss. */
  readonly trained?: readonly boolean[];
  readonly samplerLogProbs?: readonly Float32Array[];
}

/** What of a group goes through a pass. */
export interface PassGroup extends UpdateGroup {
  /** The group's place in the step. */
  readonly index: number;
  /** Whether other completions of the group that are left go through other passes. */
  readonly isPart: boolean;
  /** Places in the group of the completions that are left. */
  readonly kept: readonly number[];
  /** One per completion that is left; none for supervised training. */
  readonly shares: readonly LossShare[];
}

export interface StepPasses {
  readonly passes: readonly (readonly PassGroup[])[];
  /** Of all passes together. */
  readonly extent: LossExtent;
  /** Trained tokens of all groups, those in no pass included. */
  readonly tokensInBatch: number;
}

/** What one pass has room for. */
export interface PassRoom {
  readonly largest: PassSize;
  /** Groups. */
  readonly prompts: number;
}

/**
 * Deals a step's groups into passes. Completions without a gradient are left out, and groups without any. What is left
 * weighs what it weighs in its micro-batch, which is its whole group (as in the exported TRL settings: a device batch of
 * G), so that neither the dealing nor what is left out changes loss and gradient. A group above all room is split: each
 * part has the prompt, whose gradients add up like those of weights.
 */
export function dealGroups(
  groups: readonly UpdateGroup[],
  objective: LossConfig | 'nll',
  room: PassRoom,
): StepPasses {
  const tokensInBatch = countTrainedTokens(groups);
  const batch = { accumulation: groups.length, tokensInBatch };
  const kept = groups
    .map((group, index) => keepTeaching(group, index, objective, batch))
    .filter(({ completions }) => completions.length > 0)
    .flatMap((group) => splitToFit(group, room.largest));
  // The quantile of entropies is taken over a micro-batch.
  const alone = objective !== 'nll' && objective.topEntropyQuantile < 1;
  const passes = packPasses(
    kept.map((group) => passSize([group])),
    alone ? { ...room, prompts: 1 } : room,
  ).map((indices) => indices.map((index) => kept[index]!));
  const rows = kept.reduce((sum, { completions }) => sum + completions.length, 0);
  return { passes, extent: { tokens: countTrainedTokens(kept), rows }, tokensInBatch };
}

function keepTeaching(
  group: UpdateGroup,
  index: number,
  objective: LossConfig | 'nll',
  batch: { readonly accumulation: number; readonly tokensInBatch: number },
): PassGroup {
  const shares = objective === 'nll' ? [] : lossShares(objective, { completions: lossRows(group), ...batch });
  const whole = { ...group, index, isPart: false, kept: [...group.completions.keys()], shares };
  return pickCompletions(whole, teaching(group, objective));
}

/** Those completions of a group that stand at `places`, all of which are trained. */
function pickCompletions(group: PassGroup, places: readonly number[]): PassGroup {
  const pick = <T>(values: readonly T[]): T[] => places.map((at) => values[at]!);
  const { samplerLogProbs, shares } = group;
  return {
    ...group,
    kept: pick(group.kept),
    shares: shares.length === 0 ? [] : pick(shares),
    completions: pick(group.completions),
    advantages: pick(group.advantages),
    trained: places.map(() => true),
    ...(samplerLogProbs ? { samplerLogProbs: pick(samplerLogProbs) } : {}),
  };
}

/** A group in so few parts that each fits a pass; the group itself where it fits. */
function splitToFit(group: PassGroup, largest: PassSize): PassGroup[] {
  const sizeOf = (completions: readonly Uint32Array[]): PassSize => passSize([{ ...group, completions }]);
  const { tokens, predictions } = sizeOf(group.completions);
  if (tokens <= largest.tokens && predictions <= largest.predictions) return [group];
  const prompt = sizeOf([]).tokens;
  const sizes = group.completions.map((ids) => {
    const one = sizeOf([ids]);
    return { ...one, tokens: one.tokens - prompt };
  });
  const room = { ...largest, tokens: largest.tokens - prompt };
  const parts = packPasses(sizes, { largest: room, prompts: group.completions.length });
  return parts.map((places) => ({ ...pickCompletions(group, places), isPart: parts.length > 1 }));
}

/**
 * Completions of a group that its pass must hold. Those that are not trained have no part in any term. Every policy term
 * is a multiple of the advantage, so without KL and entropy bonus a group whose advantages are all 0 has no gradient.
 */
function teaching(
  { completions, advantages, trained }: UpdateGroup,
  objective: LossConfig | 'nll',
): number[] {
  const counted = [...completions.keys()].filter((at) => trained?.[at] ?? true);
  const alwaysTeaches = objective === 'nll' || objective.beta !== 0 || objective.entropyCoef !== 0;
  return alwaysTeaches || counted.some((at) => advantages[at] !== 0) ? counted : [];
}

const lossRows = ({ completions, advantages, trained }: UpdateGroup) =>
  completions.map(({ length }, at) => ({
    start: 0,
    length,
    advantage: advantages[at]!,
    trained: trained?.[at] ?? true,
  }));

const countTrainedTokens = (groups: readonly UpdateGroup[]): number =>
  groups.flatMap(lossRows).reduce((sum, { length, trained }) => sum + (trained ? length : 0), 0);

/**
 * Deals groups of these sizes into few passes: the largest first, each into the first pass with room for it (first-fit
 * decreasing). Returns indices, ascending in each pass; passes by their first. A group above all room is alone.
 */
export function packPasses(sizes: readonly PassSize[], { largest, prompts }: PassRoom): number[][] {
  const passes: { indices: number[]; tokens: number; predictions: number }[] = [];
  const order = [...sizes.keys()].sort((a, b) => sizes[b]!.tokens - sizes[a]!.tokens || a - b);
  for (const index of order) {
    const { tokens, predictions } = sizes[index]!;
    let pass = passes.find(
      (one) =>
        one.indices.length < prompts &&
        one.tokens + tokens <= largest.tokens &&
        one.predictions + predictions <= largest.predictions,
    );
    if (!pass) {
      pass = { indices: [], tokens: 0, predictions: 0 };
      passes.push(pass);
    }
    pass.indices.push(index);
    pass.tokens += tokens;
    pass.predictions += predictions;
  }
  const dealt = passes.map(({ indices }) => indices.sort((a, b) => a - b));
  return dealt.sort((a, b) => a[0]! - b[0]!);
}
