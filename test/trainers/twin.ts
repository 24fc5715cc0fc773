/** The bundle's twin (HumanOmni as a transformers model): what it is given to compute, and what of it the studio computes as well. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mainConfig } from '../../src/cli/demo/architecture.ts';
import { initialTensors } from '../../src/cli/demo/initial.ts';
import { FLOAT32, gradientBound, scalarBound } from '../../src/cli/parity/bounds.ts';
import { openArrays } from '../../src/cli/parity/group-case.ts';
import { humanOmniQuantities } from '../../src/cli/parity/humanomni.ts';
import { activation, distance, holds, logProbability, norm } from '../../src/cli/parity/quantity.ts';
import { MAIN_CONFIG } from '../../src/cli/real-size/config.ts';
import { dryGpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import type { TensorSource } from '../../src/io/tensors/safetensors.ts';
import { safetensorsFile, type TensorToWrite } from '../../src/io/tensors/safetensors-write.ts';
import { deriveSeed, uniform } from '../../src/math/random.ts';
import { numbers, testGpu } from '../ops/harness.ts';
import { describeProcessor, type FoundProcessor, givenProcessor } from './twin-processor.ts';
import { writeFiles } from './write-files.ts';

const ROOT = join(import.meta.dirname, '../..');
const GOLDEN = join(ROOT, 'test/golden/omni-tiny');
/** The golden bound is 5e-4: on both sides of this one lies the same arithmetic in another order. */
const LOG_PROBABILITY = 1e-4;

export interface FoundTwin {
  readonly golden: {
    /** Names in which the files and the class differ. */
    readonly info: readonly string[];
    readonly greedy: readonly number[];
    readonly loss: number;
    readonly kl: number;
    /** Tensors that train with one part switched on. */
    readonly trained: Readonly<Record<string, number>>;
  };
  readonly processor: FoundProcessor;
  readonly held: readonly string[];
  readonly published: Readonly<Record<'missing' | 'left' | 'wrong', readonly string[]>> & {
    readonly both: number;
  };
}

/** Of no published size: the larger projector over an odd map, an untied head, a third layer behind the audio tower, an earlier block of the vision tower. */
function heldConfig(): Record<string, unknown> {
  const { vision_config: vision, audio_config: audio, bert_config: bert, ...main } = mainConfig(96, 40, 1, 0);
  return {
    ...main,
    ...{ hidden_size: 48, intermediate_size: 80, num_hidden_layers: 3, num_attention_heads: 6 },
    ...{ num_key_value_heads: 3, rope_theta: 5000, tie_word_embeddings: false, torch_dtype: 'float32' },
    ...{ mm_hidden_size: 40, mm_projector_type: 'all_in_one', mm_audio_projector_type: 'mlp3x_gelu' },
    ...{ mm_vision_select_layer: -3, num_frames: 3 },
    vision_config: {
      ...vision,
      ...{
        hidden_size: 40,
        intermediate_size: 56,
        num_hidden_layers: 4,
        num_attention_heads: 5,
        image_size: 24,
      },
    },
    audio_config: {
      ...audio,
      ...{ d_model: 24, encoder_ffn_dim: 40, encoder_layers: 3, encoder_attention_heads: 3 },
      ...{ num_mel_bins: 20, max_source_positions: 31 },
    },
    bert_config: {
      ...bert,
      hidden_size: 24,
      intermediate_size: 40,
      num_hidden_layers: 2,
      num_attention_heads: 3,
    },
  };
}

const floats = (name: string, shape: readonly number[], values: Float32Array): TensorToWrite => ({
  ...{ name, shape, dtype: 'F32' },
  bytes: () => f32ToBytes('F32', Float32Array.from(values)),
});

const integers = (name: string, shape: readonly number[], values: readonly number[]): TensorToWrite => ({
  ...{ name, shape, dtype: 'I64' },
  bytes: () => new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

const drawnIds = (count: number, seed: number, vocabulary: number): number[] =>
  Array.from(
    { length: count },
    (_, i) => 2 + Math.floor(uniform(deriveSeed(seed, 'ids'), i) * (vocabulary - 2)),
  );

/** A clip, a prompt around it, and four completions of different lengths. */
function heldInputs(): TensorToWrite[] {
  const lengths = [5, 9, 1, 7];
  const mask = lengths.flatMap((length) => Array.from({ length: 9 }, (_, t) => (t < length ? 1 : 0)));
  const words = drawnIds(11, 1, 96);
  return [
    floats('pixel_values', [3, 3, 24, 24], numbers(3 * 3 * 24 * 24, 2, 1)),
    floats('input_features', [20, 62], numbers(20 * 62, 3, 1)),
    floats('advantages', [4], Float32Array.of(1.2, -0.7, 0.3, -0.8)),
    floats('rewards', [4], Float32Array.of(2, 0, 1, 0)),
    integers('bert_ids', [7], drawnIds(7, 4, 40)),
    integers('prompt_ids', [13], [...words.slice(0, 4), -201, ...words.slice(4, 6), -202, ...words.slice(6)]),
    integers('completion_ids', [4, 9], drawnIds(36, 5, 96)),
    integers('completion_mask', [4, 9], mask),
  ];
}

/** Writes below `root`/twin what the Python side starts from; the twin itself is that of a bundle in `root`. */
export async function writeTwin(root: string, bundle: string): Promise<void> {
  const config = heldConfig();
  const tensors = initialTensors(dryGpu(), config, 11);
  const folder = join(root, 'twin/held');
  await writeFiles(folder, [
    safetensorsFile(
      'model/model.safetensors',
      tensors.map(({ name, shape, data }) => floats(name, shape, data)),
    ),
    safetensorsFile('inputs.safetensors', heldInputs()),
  ]);
  writeFileSync(join(folder, 'model/config.json'), JSON.stringify(config));
  const given = {
    python: join(root, bundle),
    golden: GOLDEN,
    tensors: join(ROOT, 'test/golden/humanomni-0.5b-tensors.json'),
    config: MAIN_CONFIG,
    ...givenProcessor(ROOT),
  };
  writeFileSync(join(root, 'twin/given.json'), JSON.stringify(given));
}

const arraysOf = async (tree: FileTree, path: string): Promise<TensorSource> =>
  (await openArrays(tree, path)) ?? expect.fail(`${path} is missing`);

/** Everything but the adapter's and the completions' numbers, which are log-probabilities. */
const LOG_PROBABILITIES = ['logps', 'ref_logps', 'lora_logps'];
const INPUTS =
  /^(pixel_values|input_features|frames_u8|waveform|advantages|rewards|kl|.*_ids|completion_mask)$/;

/** The tests of the twin; `found` and `root` are there once Python has run. */
export function describeTwin(found: () => FoundTwin, root: () => string): void {
  describe('the twin of a HumanOmni, on the golden checkpoint', () => {
    it('takes every tensor of the files, and trains by the switches of the studio', () => {
      const { info, trained } = found().golden;
      expect(info).toEqual([]);
      expect(trained).toEqual({ decoder: 38, projectors: 130, gate: 4, bert: 37 });
    });

    it('has the activations, tokens, logits and log-probabilities of the published code', async () => {
      const golden = await arraysOf(await treeFromDisk(GOLDEN), 'case.safetensors');
      const ours = await arraysOf(await treeFromDisk(join(root(), 'twin')), 'found.safetensors');
      const names = golden.names().filter((name) => !INPUTS.test(name));
      expect(names.length).toBe(17);
      for (const name of names) {
        const values = await ours.float32(name);
        const quantity = LOG_PROBABILITIES.includes(name)
          ? await logProbability(golden, name, values)
          : activation(name, values, await golden.float32(name));
        expect(quantity).toSatisfy(holds);
      }
    });

    it('writes the greedy tokens, through its cache', () => {
      const { greedy_tokens: expected } = caseOf(GOLDEN);
      expect(found().golden.greedy).toEqual(expected);
    });

    it('has the loss, the KL and the gradient of every tensor that trains', async () => {
      const { grpo_loss: loss, mean_kl: kl, grad_norm: global } = caseOf(GOLDEN);
      expect(Math.abs(found().golden.loss - loss)).toBeLessThan(scalarBound(loss));
      expect(Math.abs(found().golden.kl - kl)).toBeLessThan(scalarBound(kl));
      const golden = await arraysOf(await treeFromDisk(GOLDEN), 'grads_grpo.safetensors');
      const ours = await arraysOf(await treeFromDisk(join(root(), 'twin')), 'gradients.safetensors');
      expect(new Set(ours.names())).toEqual(new Set(golden.names()));
      for (const name of golden.names()) {
        const expected = await golden.float32(name);
        const off = distance(await ours.float32(name), expected);
        expect([name, off <= gradientBound(norm(expected), global)]).toEqual([name, true]);
      }
    });
  });

  describe('the twin of a HumanOmni of other dimensions', () => {
    it('is what the studio computes: activations, 24 tokens, log-probabilities, gradients', async () => {
      expect(found().held).toEqual([]);
      const tree = await treeFromDisk(join(root(), 'twin/held'));
      const quantities = await humanOmniQuantities(tree, await testGpu(), ['activations', 'grpo']);
      expect(quantities.length).toBeGreaterThan(300);
      expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
      expect(caseOf(join(root(), 'twin/held')).greedy_tokens.length).toBe(24);
      const logps = quantities.find(({ name }) => name === 'logps')!;
      expect(logps.bound).toBe(FLOAT32.logProbability);
      expect(logps.error).toBeLessThan(LOG_PROBABILITY);
    });
  });

  describeProcessor(() => found().processor, root);

  it('asks for the tensors of the published 0.5B model, and passes over only what no forward reads', () => {
    expect(found().published).toEqual({ missing: [], left: [], wrong: [], both: 1288 });
  });
}

interface Case {
  readonly greedy_tokens: readonly number[];
  readonly grpo_loss: number;
  readonly mean_kl: number;
  readonly grad_norm: number;
}

const caseOf = (folder: string): Case => JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Case;
