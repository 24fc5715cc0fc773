/** What weights make of a few examples, in numbers that another program can be compared by. */
import { RunContext, type RunExample, type SamplingContext } from '../run-context.ts';

export interface Specimen {
  readonly id: string;
  /** Ids of the prompt, 0 at the places of media. */
  readonly prompt: Uint32Array;
  /** f32 [media tokens, width], as `width` says: those of what is seen, then of what is heard. */
  readonly media: Float32Array;
  readonly width: number;
  /** The likeliest answer, and the log-probability of each of its tokens. */
  readonly answer: Uint32Array;
  readonly logProbs: Float32Array;
}

/** A run's, made once for the weights of a step, however often a plan of an export asks for them. */
export class Specimens {
  #kept?: { readonly step: number; readonly found: readonly Specimen[] };

  async at(
    step: number,
    context: SamplingContext,
    examples: () => Promise<readonly RunExample[]>,
  ): Promise<readonly Specimen[]> {
    if (this.#kept?.step !== step) this.#kept = { step, found: await specimensOf(context, await examples()) };
    return this.#kept.found;
  }
}

/** Media tokens and the likeliest answer of each example, by the weights as they are; no later step is changed by it. */
async function specimensOf(context: SamplingContext, examples: readonly RunExample[]): Promise<Specimen[]> {
  if (examples.length === 0) return [];
  const { config, policy } = context.setup;
  const generator = await (context instanceof RunContext
    ? context.rolloutGenerator()
    : context.evaluationGenerator());
  const media: Float32Array[] = [];
  for (const example of examples) media.push((await context.mediaOf(example)).tokens.rows);
  const answers = await generator.generate(
    examples.map(({ prompt }) => prompt),
    { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: config.seed, step: 0 },
    (index) => ({ rows: media[index]! }),
  );
  return examples.map(({ id, prompt }, index) => {
    const { ids, logProbs } = answers[index]![0]!;
    const width = policy.config.decoder.hiddenSize;
    return { id, prompt: prompt.ids, media: media[index]!, width, answer: ids, logProbs };
  });
}
