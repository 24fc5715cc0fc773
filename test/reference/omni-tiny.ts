/** The golden toy checkpoint as a policy, with prompts, media tokens and completions to train it on. */

import type { PromptTokens } from '../../src/families/api.ts';
import { openHumanOmni } from '../../src/families/humanomni/files.ts';
import { humanOmniConfig } from '../../src/families/humanomni/index.ts';
import { mediaTokenCounts } from '../../src/families/humanomni/parts.ts';
import { expandPrompt } from '../../src/families/humanomni/prompt.ts';
import { Arena, type Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { LORA_LINEARS } from '../../src/io/formats/peft.ts';
import type { SamplingSettings } from '../../src/ops/tokens/sampling.ts';
import { LOSS_DEFAULTS, type LossConfig } from '../../src/protocol/loss-config.ts';
import type { MediaTokens } from '../../src/rl/media/media-input.ts';
import { loadPolicy, type Policy, type PolicyOptions } from '../../src/rl/policy/policy.ts';
import { Generator, type GeneratorShape } from '../../src/rl/rollout/generator.ts';
import type { UpdateGroup } from '../../src/rl/update/micro-batches.ts';
import { passSize } from '../../src/rl/update/pass-arrays.ts';
import { Updater, type UpdaterSettings } from '../../src/rl/update/update.ts';
import { readGolden } from '../media/golden.ts';
import { numbers } from '../ops/harness.ts';

const golden = readGolden('test/golden/omni-tiny/case.safetensors');

export const VOCABULARY = 512;
export const WIDTH = 64;
export const END_IDS = [1];
export const NOTHING = {
  trainDecoder: false,
  trainProjectors: false,
  trainGate: false,
  trainBert: false,
} as const;

/** Adapters on all linear layers, small enough for toys. */
export const LORA = { rank: 4, alpha: 8, targets: LORA_LINEARS } as const;

export const SAMPLING: SamplingSettings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: 5,
  step: 0,
};

/** The toy checkpoint, training what `options` say and nothing else. */
export async function tinyPolicy(gpu: Gpu, options: Partial<PolicyOptions>): Promise<Policy> {
  const files = await openHumanOmni(await treeFromDisk('test/golden/omni-tiny'));
  return loadPolicy(gpu, files, { ...NOTHING, reference: false, seed: 3, maxPositions: 256, ...options });
}

/** The prompt of the golden case: text with 32 video tokens and the audio tokens inside. */
export function casePrompt(policy: Policy): PromptTokens {
  return expandPrompt(
    Array.from(golden('prompt_ids').values),
    mediaTokenCounts(humanOmniConfig(policy.config)),
  );
}

/** The golden case's own media tokens. */
export function caseMedia(): MediaTokens {
  const [video, audio] = [golden('video_tokens').values, golden('audio_tokens').values];
  const rows = new Float32Array(video.length + audio.length);
  rows.set(Array.from(video));
  rows.set(Array.from(audio), video.length);
  return { rows };
}

const drawnIds = (count: number, seed: number): number[] =>
  Array.from(numbers(count, seed, 1), (value) => 2 + Math.floor(((value + 1) / 2) * (VOCABULARY - 2)));

/** A prompt of `text` random ids around `video` and `audio` media places. */
export function toyPrompt(seed: number, text: number, video = 0, audio = 0): PromptTokens {
  const ids = drawnIds(text, seed);
  const sentinels = [...(video > 0 ? [-201] : []), ...(audio > 0 ? [-202] : [])];
  const middle = Math.floor(text / 2);
  return expandPrompt([...ids.slice(0, middle), ...sentinels, ...ids.slice(middle)], { video, audio });
}

/** Media tokens for a prompt of `toyPrompt`, about as large as embeddings of text. */
export function toyMedia(seed: number, rows: number): MediaTokens {
  return { rows: numbers(rows * WIDTH, seed, 0.05) };
}

/** A completion of random ids. */
export const toyCompletion = (seed: number, length: number): Uint32Array =>
  Uint32Array.from(drawnIds(length, seed));

/** A prompt with media and random completions of the given lengths, with random advantages. */
export function toyGroup(seed: number, lengths: readonly number[], text = 9): UpdateGroup {
  const tokens = toyMedia(seed, 5);
  return {
    prompt: toyPrompt(seed, text, 3, 2),
    completions: lengths.map((length, index) => toyCompletion(100 * seed + index, length)),
    media: { features: {}, tokens, referenceTokens: tokens },
    advantages: Array.from(numbers(lengths.length, seed + 50, 1.5)),
  };
}

/** An updater for groups like `groups`, with five media tokens to a prompt. */
export function tinyUpdater(
  policy: Policy,
  groups: readonly UpdateGroup[],
  settings: Partial<Omit<UpdaterSettings, 'objective'>> & { objective?: Partial<LossConfig> | 'nll' } = {},
  adamw: Parameters<typeof Updater.create>[2] = { learningRate: 1e-3 },
): Promise<Updater> {
  const { objective, ...rest } = settings;
  return Updater.create(
    policy,
    {
      objective: objective === 'nll' ? 'nll' : { ...LOSS_DEFAULTS, ...objective },
      promptsPerPass: groups.length,
      passesPerGroup: 1,
      completionsPerPrompt: groups[0]!.completions.length,
      largest: passSize(groups),
      checkpoint: false,
      temperature: 1,
      kind: {
        mediaCounts: { video: 3, audio: 2 },
      },
      ...rest,
    },
    adamw,
  );
}

export interface TinyGenerator {
  readonly generator: Generator;
  [Symbol.dispose](): void;
}

/** A generator of a policy's present weights with an arena of its own. */
export async function tinyGenerator(
  policy: Policy,
  shape: Partial<GeneratorShape>,
  endIds: readonly number[] = END_IDS,
): Promise<TinyGenerator> {
  const { gpu, current } = policy;
  const arena = new Arena(gpu, 'rollout');
  const small = {
    rows: 1,
    groupSize: 1,
    places: 1,
    promptTokens: 64,
    mediaRows: 8,
    prefillTogether: 1,
    maxNewTokens: 8,
  };
  const full = { ...small, ...shape };
  const generator = await Generator.create(gpu, arena, current.decoder, full, {
    endIds,
    adapters: current.adapters,
  });
  return {
    generator,
    [Symbol.dispose]() {
      generator[Symbol.dispose]();
      arena[Symbol.dispose]();
    },
  };
}

/** Present values of all trained tensors, by name. */
export async function readAll({ store }: Policy): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const name of store.names()) values.set(name, await store.read(name));
  return values;
}

/** All gradients as they stand, by name. */
export async function readGradients({ store }: Policy): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const name of store.names()) values.set(name, await store.readGradient(name));
  return values;
}

/** Sets every LoRA B, which starts at zero, to small random numbers, so that adapters do something. */
export function stirAdapters({ store }: Policy, scale = 0.05): void {
  store.names().forEach((name, index) => {
    if (!name.includes('lora_B')) return;
    const { shape } = store.get(name);
    store.write(name, numbers(shape[0]! * shape[1]!, 900 + index, scale));
  });
}
