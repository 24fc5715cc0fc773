/** What people have in a model's folder: several models, adapters, leftovers. Nothing of it is taken or dropped without a word. */
import { beforeAll, describe, expect, it } from 'vitest';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileEntry, type FileTree, readJson } from '../../src/io/files/files.ts';
import { type Decoder, loraTensorName } from '../../src/io/formats/peft.ts';
import type { TensorSource } from '../../src/io/tensors/safetensors.ts';
import { type TensorToWrite, writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { startFrom } from '../../src/rl/policy/start-weights.ts';
import { type OpenModel, openModel, summariseModel } from '../../src/worker/inputs/model.ts';
import { modelIdentity } from '../../src/worker/runs/identity.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import {
  type Change,
  changedWeights,
  dropped,
  inFolder,
  markedModel,
  markOf,
  memory,
  notesOf,
  without,
} from './marked-model.ts';

type Json = Record<string, unknown>;

let demo: FileTree;
let vision: FileTree;
let source: TensorSource;
beforeAll(async () => {
  demo = await treeFromDisk('public/demo/model');
  vision = await qwen2VlTree('published');
  source = (await openModel(demo)).files.main.weights;
});

const weights = (change: Change, more: readonly TensorToWrite[] = []) => changedWeights(source, change, more);
const marked = (mark: number) => markedModel(demo, source, mark);

describe('a folder with several models', () => {
  it("opens the model at the top of a trainer's output, and names its checkpoints", async () => {
    const tree = dropped(
      (await marked(1)).files as FileEntry[],
      inFolder('checkpoint-100', await marked(100)),
      inFolder('checkpoint-1000', await marked(1000)),
      inFolder('checkpoint-200', await marked(200)),
    );
    const model = await openModel(tree);
    expect(await markOf(model)).toBe(1);
    expect(model.others).toEqual(['checkpoint-1000', 'checkpoint-200', 'checkpoint-100']);
    expect(notesOf(model)).toMatch(
      /out holds 4 models: the one at its top is open; left aside: checkpoint-1000, .*--model out/,
    );
    const chosen = await openModel(tree, { folder: 'checkpoint-200' });
    expect(await markOf(chosen)).toBe(200);
    expect(chosen.others).toEqual(['', 'checkpoint-1000', 'checkpoint-100']);
    expect(await modelIdentity(chosen.tree)).not.toBe(await modelIdentity(model.tree));
    await expect(openModel(tree, { folder: 'checkpoint-300' })).rejects.toThrow(
      /no model in "checkpoint-300"; found/,
    );
  });

  it('takes the highest step where there are only checkpoints, and says so', async () => {
    const tree = dropped(
      inFolder('checkpoint-1000', await marked(1000)),
      inFolder('checkpoint-200', await marked(200)),
      memory({ 'checkpoint-300/config.json': '{"model_type": "HumanOmni_qwen2"}' }),
    );
    const model = await openModel(tree);
    expect(await markOf(model)).toBe(1000);
    expect(notesOf(model)).toMatch(/checkpoint-1000 is open; left aside: checkpoint-200, checkpoint-300/);
  });

  it("takes of a hub's cache the snapshot that is the main one, by the name of the repository", async () => {
    const [old, newer] = ['snapshots/0a9f', 'snapshots/7bc1'];
    const files = [inFolder(old, await marked(1)), inFolder(newer, await marked(2))];
    const cache = (main: string, more: readonly FileEntry[][] = files): FileTree => ({
      ...dropped(...more, memory({ 'refs/main': main })),
      name: 'models--StarJiaxing--R1-Omni-0.5B',
    });
    const model = await openModel(cache('7bc1\n'));
    expect(await markOf(model)).toBe(2);
    expect(model.others).toEqual([old]);
    expect(model.files.name).toBe('R1-Omni-0.5B');
    expect(await markOf(await openModel(cache('0a9f')))).toBe(1);
    // The newer one was not downloaded to its end.
    const config = [
      inFolder(old, await marked(1)),
      inFolder(newer, { name: '', files: without(demo, 'model.safetensors') }),
    ];
    expect(await markOf(await openModel(cache('7bc1', config)))).toBe(1);
    const around = dropped(inFolder('models--gpt2', cache('7bc1')));
    const inside = await openModel(around);
    expect([inside.files.name, await markOf(inside)]).toEqual(['gpt2', 2]);
  });

  it('takes the nearer of two families, and no tower out of another model', async () => {
    const tiny = await treeFromDisk('test/golden/omni-tiny');
    const towers = ['siglip', 'whisper', 'bert'].flatMap((folder) =>
      tiny.files.filter(({ path }) => path.startsWith(`${folder}/`)),
    );
    const main = tiny.files
      .filter(({ path }) => path.startsWith('model/'))
      .map((file) => ({ ...file, path: file.path.slice('model/'.length) }));
    const stranger = inFolder(
      'a-stranger',
      dropped(inFolder('siglip', { name: '', files: [] }), demo.files as FileEntry[]),
    );
    const model = await openModel(
      dropped(
        main,
        towers,
        inFolder('qwen', vision),
        stranger,
        memory({ 'a-stranger/siglip/config.json': '{"model_type":"siglip"}' }),
      ),
    );
    expect(model.files.family).toBe('HumanOmni');
    expect(model.files.towers.vision?.weights).toBeDefined();
    expect(model.others).toEqual(['a-stranger', 'qwen']);
  });

  it('is not kept from the model by a broken config of another one', async () => {
    const broken = inFolder('checkpoint-100', demo).filter(({ path }) => !path.endsWith('/config.json'));
    const other = memory({ 'checkpoint-100/tower/config.json': '{"model_type":' });
    const config = inFolder('checkpoint-100', demo).filter(({ path }) => path.endsWith('/config.json'));
    await openModel(dropped(demo.files as FileEntry[], broken, config, other));
    const own = memory({ 'tower/config.json': '{"model_type":' });
    await expect(openModel(dropped(demo.files as FileEntry[], own))).rejects.toThrow(
      /tower\/config\.json is not JSON/,
    );
  });
});

describe("a folder's weights", () => {
  it('are those of the single file where an old index lies beside it, and that is said', async () => {
    const index = memory({
      'model.safetensors.index.json':
        '{"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}}',
      'model-00001-of-00002.safetensors': 'old',
      'model-00002-of-00002.safetensors': 'old',
    });
    const model = await openModel(dropped((await marked(7)).files as FileEntry[], index));
    expect(await markOf(model)).toBe(7);
    expect(notesOf(model)).toMatch(
      /both model\.safetensors and .*index\.json \(2 shards\): model\.safetensors was read/,
    );
  });

  it.each([
    [
      'model.safetensors',
      'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n',
      /Git LFS pointer/,
    ],
    ['config.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n', /Git LFS pointer/],
    [
      'tokenizer.json',
      'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n',
      /Git LFS pointer/,
    ],
    ['vocab.txt', 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n', /Git LFS pointer/],
    ['model.safetensors', '<!DOCTYPE html>\n<html><head>', /a web page \(HTML\)/],
    ['config.json', '\n<html lang="en">', /config\.json is a web page/],
    ['model.safetensors', '<?xml version="1.0"?><Error><Code>AccessDenied', /a server's message/],
    ['model.safetensors', 'Entry not found', /a server's message/],
    ['model.safetensors', '/annex/objects/SHA256E-s1', /git-annex pointer/],
  ])('say what lies in place of %s: %j', async (path, text, message) => {
    const opening = openModel(dropped(without(demo, path), memory({ [path]: text })));
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toHaveProperty(
      'hint',
      expect.stringMatching(/git lfs pull|Download|git annex get/),
    );
  });
});

describe('the head', () => {
  const head = (change: number): TensorToWrite => {
    const { shape } = source.info('model.embed_tokens.weight');
    const bytes = async () => {
      const values = await source.float32('model.embed_tokens.weight');
      values[values.length - 1]! += change;
      return new Uint8Array(values.buffer);
    };
    return { name: 'lm_head.weight', dtype: 'F32', shape, bytes };
  };

  async function open(heads: readonly TensorToWrite[], said: boolean | undefined): Promise<OpenModel> {
    const { tie_word_embeddings: _, ...config } = await readJson(demo, 'config.json');
    const file = { ...config, ...(said === undefined ? {} : { tie_word_embeddings: said }) };
    const contents = {
      'config.json': JSON.stringify(file),
      'model.safetensors': await weights((_n, v) => v, heads),
    };
    return openModel(dropped(without(demo, 'config.json', 'model.safetensors'), memory(contents)));
  }

  it.each([
    ['no head', [], undefined, true],
    ['no head, said to be tied', [], true, true],
    ['an equal head', [0], undefined, true],
    ['an equal head, said to be tied', [0], true, true],
    ['an equal head, said to be its own', [0], false, false],
    ['another head', [1], undefined, false],
    ['another head, said to be tied', [1], true, false],
  ])('of files with %s is as the files have it', async (_, heads, said, tied) => {
    const model = await open(heads.map(head), said);
    expect(model.config.decoder.tieWordEmbeddings).toBe(tied);
    const differs = heads.includes(1);
    if (differs) expect(notesOf(model)).toMatch(/lm_head\.weight differs from the embedding/);
    else expect(notesOf(model)).toBe('');
  });

  it('is missed where the config says that it is not the embedding', async () => {
    await expect(open([], false)).rejects.toThrow(
      /no lm_head\.weight, though config\.json says "tie_word_embeddings": false/,
    );
  });

  it('of a nested config is tied where root and text_config differ and the files have none', async () => {
    for (const [root, inner] of [
      [true, false],
      [false, true],
      [undefined, true],
      [undefined, undefined],
    ]) {
      const {
        vision_config,
        model_type,
        video_token_id,
        image_token_id,
        tie_word_embeddings: _,
        ...decoder
      } = await readJson(vision, 'config.json');
      const nested: Json = {
        model_type,
        video_token_id,
        image_token_id,
        vision_config,
        text_config: { ...decoder, tie_word_embeddings: inner },
      };
      const config = memory({ 'config.json': JSON.stringify({ ...nested, tie_word_embeddings: root }) });
      const model = await openModel(dropped(without(vision, 'config.json'), config));
      expect(model.config.decoder.tieWordEmbeddings).toBe(true);
    }
  });
});

describe('an adapter', () => {
  const RANK = 2;
  const CONFIG = {
    ...{ peft_type: 'LORA', r: RANK, lora_alpha: 8, target_modules: ['q_proj'], bias: 'none' },
    base_model_name_or_path: 'owner/base',
  };
  const written = { published: 'model', newer: 'model.language_model' } as const;

  async function adapter(
    width: number,
    decoder: Decoder = written.published,
    { config = CONFIG as Json, more = [] as readonly TensorToWrite[], value = 0.5, layer = 0 } = {},
  ): Promise<FileTree> {
    const matrix = (name: string, shape: readonly number[]): TensorToWrite => ({
      name,
      dtype: 'F32',
      shape,
      bytes: () => new Uint8Array(new Float32Array(shape[0]! * shape[1]!).fill(value).buffer),
    });
    const of = (which: 'A' | 'B') => loraTensorName({ layer, linear: 'q_proj', matrix: which }, decoder);
    const tensors = [matrix(of('A'), [RANK, width]), matrix(of('B'), [width, RANK]), ...more];
    return {
      name: 'adapter',
      files: memory({
        'adapter_config.json': JSON.stringify(config),
        'adapter_model.safetensors': await writeSafetensors(tensors),
      }),
    };
  }

  it.each([
    ['at the top', '', (files: FileTree) => files.files as FileEntry[]],
    ['in a folder of its own', 'lora', (files: FileTree) => inFolder('lora', files)],
  ])('%s beside its base is named, and begun from when chosen', async (_, path, place) => {
    const tree = dropped(demo.files as FileEntry[], place(await adapter(64)));
    const plain = await openModel(tree);
    expect(plain.left).toBeUndefined();
    expect(summariseModel(plain, { trainable: 0 }).adapters).toEqual([{ path, base: 'owner/base' }]);
    expect(notesOf(plain)).toMatch(
      /an adapter in the folder .*owner\/base.* not part of what is open.*--lora DIR/,
    );
    const model = await openModel(tree, { adapter: path });
    expect(notesOf(model)).toMatch(/is added: runs begin from base and adapter together/);
    const { files, changed } = await startFrom(model.files, model.left!, undefined);
    const name = 'model.layers.0.self_attn.q_proj.weight';
    expect(changed).toEqual([name]);
    const [before, after] = [await source.float32(name), await files.main.weights.float32(name)];
    // scale 8 / 2 times the sum over rank of 0.5 · 0.5
    expect(after[5]! - before[5]!).toBeCloseTo(2, 5);
    const going = await startFrom(model.files, model.left!, { rank: RANK, alpha: 8, targets: ['q_proj'] });
    expect(going.adapter?.map((array) => array.name)).toContain(
      'model.layers.0.self_attn.q_proj.lora_A.weight',
    );
  });

  it.each(['published', 'newer'] as const)('of a Qwen2-VL is found under %s names', async (names) => {
    const tree = dropped(vision.files as FileEntry[], inFolder('lora', await adapter(64, written[names])));
    const { left } = await openModel(tree, { adapter: 'lora' });
    expect(left?.lora).toEqual({ rank: RANK, alpha: 8, targets: ['q_proj'] });
    expect(left?.tensors.names()[0]).toBe('model.layers.0.self_attn.q_proj.lora_A.weight');
  });

  it('alone is refused by the name of the base that it wants', async () => {
    await expect(openModel(await adapter(64))).rejects.toThrow(
      /an adapter without its base model, owner\/base/,
    );
  });

  const extra = (name: string): TensorToWrite => ({
    ...{ name, dtype: 'F32', shape: [1, 1] },
    bytes: () => new Uint8Array(4),
  });
  it.each([
    ['of another width', () => adapter(32), /has the shape \[2, 32\], expected \[2, 64\]/],
    ['of DoRA', () => adapter(64, undefined, { config: { ...CONFIG, use_dora: true } }), /use_dora/],
    [
      'of a tower',
      () =>
        adapter(64, undefined, {
          more: [extra('base_model.model.model.vision_tower.x.layers.0.self_attn.q_proj.lora_A.weight')],
        }),
      /belongs to no linear layer of the decoder/,
    ],
    [
      'with a module of its own',
      () => adapter(64, undefined, { more: [extra('base_model.model.lm_head.weight')] }),
      /belongs to no linear layer/,
    ],
    ['of a deeper model', () => adapter(64, undefined, { layer: 9 }), /a layer that the model has not/],
    [
      'that is broken',
      () => adapter(64, undefined, { value: Number.NaN }),
      /holds 128 of 128 values that are not finite/,
    ],
  ])('%s is refused by name', async (_, make, message) => {
    const tree = dropped(demo.files as FileEntry[], inFolder('lora', await make()));
    await expect(openModel(tree, { adapter: 'lora' })).rejects.toThrow(message);
  });
});
