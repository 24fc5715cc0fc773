import type { Json } from '../../decoder/fields.ts';
import { Arena } from '../../gpu/index.ts';
import type { Policy } from '../../rl/policy/policy.ts';
import { Generator } from '../../rl/rollout/generator.ts';
import type { GroupCase } from './group-case.ts';
import { differing, type Quantity } from './quantity.ts';

/** Greedy continuation of the prompt, through the key-value cache; `media`: rows of its media tokens, video first. */
export async function greedyQuantities(
  policy: Policy,
  { settings, prompt }: Pick<GroupCase, 'prompt'> & { readonly settings: Json },
  media: Float32Array,
): Promise<Quantity[]> {
  const expected = settings.greedy_tokens as number[] | undefined;
  if (!expected) return [];
  const { gpu, config, current } = policy;
  using arena = new Arena(gpu, 'greedy');
  const width = config.decoder.hiddenSize;
  // The recorded continuation does not stop at an end token, so one that it never draws stands for it.
  const endId = Array.from({ length: config.decoder.vocabSize }, (_, id) => id).find(
    (id) => !expected.includes(id),
  )!;
  using generator = await Generator.create(
    gpu,
    arena,
    current.decoder,
    {
      rows: 1,
      groupSize: 1,
      places: 1,
      prefillTogether: 1,
      promptTokens: prompt.ids.length,
      mediaRows: media.length / width,
      maxNewTokens: expected.length,
    },
    { endIds: [endId], adapters: false },
  );
  const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0, step: 0 };
  const [[completion] = []] = await generator.generate([prompt], greedy, () => ({ rows: media }));
  return [differing('greedy_tokens', completion!.ids, expected)];
}
