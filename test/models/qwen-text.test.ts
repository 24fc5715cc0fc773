/** Language models of the Qwen families against the published code, and which folders are taken for one. */
import { describe, expect, it } from 'vitest';
import { recordPass } from '../../src/cli/parity/case-pass.ts';
import { holds } from '../../src/cli/parity/quantity.ts';
import { qwenTextQuantities } from '../../src/cli/parity/qwen-text.ts';
import { DecodeAdapters } from '../../src/decoder/decode-adapters.ts';
import { openModelFiles } from '../../src/families/index.ts';
import { openQwenTextFiles } from '../../src/families/qwen-text/files.ts';
import { Arena } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { loadPolicy } from '../../src/rl/policy/policy.ts';
import { Generator } from '../../src/rl/rollout/generator.ts';
import { testGpu } from '../ops/harness.ts';
import { LORA, NOTHING, SAMPLING, stirAdapters, toyCompletion } from '../reference/omni-tiny.ts';

const CASES = 'test/golden/qwen-text';
const modelOf = (name: string): Promise<FileTree> => treeFromDisk(`${CASES}/${name}/model`);

describe('parity of a Qwen language model', () => {
  it.each([
    ['qwen2_5-tiny', 127],
    ['qwen2_5-yarn-tiny', 91],
    ['qwen3-tiny', 118],
  ])('holds every bound: %s', async (name, count) => {
    const quantities = await qwenTextQuantities(await treeFromDisk(`${CASES}/${name}`), await testGpu());
    expect(quantities).toHaveLength(count);
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
  });
});

describe('a Qwen3 with adapters on all linears', () => {
  it('gives what it samples through the cache the log-probabilities of a pass over whole sequences', async () => {
    const gpu = await testGpu();
    const files = await openQwenTextFiles(await modelOf('qwen3-tiny'));
    const settings = { lora: LORA, reference: false, seed: 3, maxPositions: 64 };
    using policy = await loadPolicy(gpu, files, { ...NOTHING, ...settings });
    stirAdapters(policy);
    const { decoder } = policy.current;
    using near = new DecodeAdapters(gpu, decoder);
    // Heads are normed with their adapters applied, so that attention cannot apply them itself.
    expect(decoder.layers.map((_, index) => near.layer(index))).toEqual(decoder.layers.map(() => undefined));
    using arena = new Arena(gpu, 'rollout');
    const prompt = { ids: toyCompletion(5, 13) };
    const extents = { rows: 2, groupSize: 2, places: 1, prefillTogether: 1, mediaRows: 0, maxNewTokens: 8 };
    const shape = { ...extents, promptTokens: prompt.ids.length };
    using generator = await Generator.create(gpu, arena, decoder, shape, { endIds: [1], adapters: true });
    const [drawn = []] = await generator.generate([prompt], SAMPLING, () => ({ rows: new Float32Array(0) }));
    const groups = [{ prompt, completions: drawn.map(({ ids }) => ids) }];
    const options = { groups, objective: 'nll', advantages: [0, 0], backward: false } as const;
    using pass = await recordPass(gpu, policy.current, options, async () => []);
    const sampled = drawn.flatMap(({ logProbs }) => [...logProbs]);
    const whole = [...(await pass.run()).get('logProbs')!];
    expect(sampled.length).toBeGreaterThan(8);
    const differences = sampled.map((logProb, at) => Math.abs(logProb - whole[at]!));
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });
});

/** A tree with the files of others in folders. */
const together = (folders: Readonly<Record<string, FileTree>>): FileTree => ({
  ...treeFromMemory('all', {}),
  files: Object.entries(folders).flatMap(([folder, { files }]) =>
    files.map((file) => ({ ...file, path: folder === '' ? file.path : `${folder}/${file.path}` })),
  ),
});

describe('a folder', () => {
  it('is opened as a language model by the type in its config', async () => {
    const named = async (name: string) => (await openModelFiles(await modelOf(name))).files.family;
    expect(await named('qwen2_5-tiny')).toBe('Qwen2');
    expect(await named('qwen3-tiny')).toBe('Qwen3');
  });

  it('with a model that takes clips is that one, though a language model lies beside it, or above', async () => {
    const demo = await treeFromDisk('public/demo/model');
    const text = await modelOf('qwen2_5-tiny');
    const trees: readonly Readonly<Record<string, FileTree>>[] = [
      { base: text, omni: demo },
      { '': text, 'deep/omni': demo },
    ];
    for (const folders of trees) {
      const { files, others } = await openModelFiles(together(folders));
      expect([files.family, others]).toEqual(['HumanOmni', []]);
    }
    const chosen = await openModelFiles(together({ base: text, omni: demo }), 'base');
    expect(chosen.files.family).toBe('Qwen2');
  });

  it('with a classifier on the same decoder is none', async () => {
    const config = { model_type: 'qwen2', architectures: ['Qwen2ForSequenceClassification'] };
    const tree = treeFromMemory('judge', { 'config.json': JSON.stringify(config) });
    await expect(openModelFiles(tree)).rejects.toThrow(
      /no checkpoint of a known family; found judge \(qwen2\)/,
    );
    await expect(openModelFiles(tree)).rejects.toThrow(
      /expected a model_type [^.]*qwen2_5_vl, or qwen2, or qwen3\.$/,
    );
    await expect(openQwenTextFiles(tree)).rejects.toThrow(
      /expected .* an architecture that ends in ForCausalLM/,
    );
  });
});
