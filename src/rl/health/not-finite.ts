/** Where numbers that are not finite come from. It reads weights and gradients, so it is asked of a broken step only. */
import { isAdapterName } from '../../decoder/lora.ts';
import { shardedName } from '../../decoder/row-shards.ts';
import type { Policy } from '../policy/policy.ts';
import type { ScoredCompletion } from '../report.ts';
import type { RunExample } from '../run-context.ts';
import type { MicroResult } from '../update/update.ts';
import { type NotFinite, setting } from './health-look.ts';

/** Index of the first value that is NaN or infinite; -1 without any. */
function firstNotFinite(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** The first answer with a log-probability that is not finite, as the sampler drew it or as the loss saw it. */
export function brokenAnswer(
  examples: readonly Pick<RunExample, 'id'>[],
  completions: readonly (readonly Pick<ScoredCompletion, 'logProbs'>[])[],
  micro: readonly Pick<MicroResult, 'arrays' | 'groups' | 'logProbs'>[],
): string | undefined {
  for (const [index, group] of completions.entries()) {
    for (const [place, { logProbs }] of group.entries()) {
      const token = firstNotFinite(logProbs);
      if (token >= 0) return answerWords(examples[index]!.id, place, token, 'sampler');
    }
  }
  for (const { arrays, groups, logProbs } of micro) {
    const rows = groups.flatMap(({ index, kept }) => kept.map((place) => ({ index, place })));
    for (const [row, { index, place }] of rows.entries()) {
      const start = arrays.starts[row]!;
      const token = firstNotFinite(logProbs.subarray(start, start + arrays.lengths[row]!));
      if (token >= 0) return answerWords(examples[index]!.id, place, token, 'loss');
    }
  }
  return undefined;
}

const answerWords = (id: string, place: number, token: number, where: string): string =>
  `The log-probability of token ${token + 1} of answer ${place + 1} to "${id}" is not finite in the ${where}.`;

/** What is looked at, in this order, until something is not finite. */
interface Suspects {
  readonly policy: Pick<Policy, 'store'>;
  readonly examples: readonly Pick<RunExample, 'id' | 'features'>[];
  /** Optimizer steps that changed weights so far. */
  readonly updates: number;
  readonly learningRate: number;
}

/** The first tensor that holds a value that is not finite, and what to do about it. The files were sound: loading refuses others. */
export async function findNotFinite(suspects: Suspects): Promise<NotFinite> {
  return (
    (await inWeights(suspects)) ?? (await inFeatures(suspects.examples)) ?? (await inGradients(suspects))
  );
}

async function inWeights({ policy, updates, learningRate }: Suspects): Promise<NotFinite | undefined> {
  for (const name of policy.store.names()) {
    const at = firstNotFinite(await policy.store.read(name));
    if (at < 0) continue;
    const what = isAdapterName(name) ? 'The adapter' : 'The trained tensor';
    return {
      evidence: `${what} ${shardedName(name)} holds a value that is not finite (value ${at}), after ${updatesIn(updates)}.`,
      hint: goBackFrom(updates, learningRate),
    };
  }
  return undefined;
}

async function inFeatures(examples: Suspects['examples']): Promise<NotFinite | undefined> {
  for (const { id, features } of examples) {
    const { vision, audio } = (await features?.()) ?? {};
    for (const [sense, values] of Object.entries({ vision, audio })) {
      if (!values || firstNotFinite(values) < 0) continue;
      return {
        evidence: `What the ${sense} tower made of the clip "${id}" is not finite; all weights are.`,
        hint: 'Leave this clip out of the data. The learning rate is not to blame.',
      };
    }
  }
  return undefined;
}

async function inGradients({ policy, updates, learningRate }: Suspects): Promise<NotFinite> {
  for (const name of policy.store.names()) {
    const at = firstNotFinite(await policy.store.readGradient(name));
    if (at < 0) continue;
    return {
      evidence: `All weights are finite, after ${updatesIn(updates)}. The first gradient that is not is that of ${shardedName(name)} (value ${at}).`,
      hint: goBackFrom(updates, learningRate),
    };
  }
  return {
    evidence: `Weights, clips and gradients are finite, after ${updatesIn(updates)}: the forward pass overflowed.`,
    hint: goBackFrom(updates, learningRate),
  };
}

const updatesIn = (count: number): string => `${count} ${count === 1 ? 'update' : 'updates'}`;

/** Only an update can have made weights too large. */
function goBackFrom(updates: number, learningRate: number): string {
  if (updates === 0) {
    return 'No update came before, so the learning rate is not to blame: the model as it is loaded overflows on these clips.';
  }
  return `Begin again from an earlier checkpoint, with a smaller ${setting('learningRate')} than ${learningRate}.`;
}

/** The same with what was seen of it first: `broken`, a sentence. */
export async function causeOf(
  broken: string,
  where: Parameters<typeof findNotFinite>[0],
): Promise<NotFinite> {
  const found = await findNotFinite(where);
  return { ...found, evidence: `${broken.endsWith('.') ? broken : `${broken}.`} ${found.evidence}` };
}
