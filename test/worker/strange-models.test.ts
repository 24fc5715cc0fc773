/** Model folders whose config.json says what nobody would: each opens as it is, or is refused by name, at once. */
import { beforeAll, describe, expect, it } from 'vitest';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, readJson, treeFromMemory } from '../../src/io/files/files.ts';
import { InputError } from '../../src/math/errors.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { openModel } from '../../src/worker/inputs/model.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { type Json, mutated, STRANGE } from '../setup/strange-json.ts';

let demo: FileTree;
let vision: FileTree;
beforeAll(async () => {
  demo = await treeFromDisk('public/demo/model');
  vision = await qwen2VlTree('published');
});

/** The folder with another file in place of its own. */
const withFile = (tree: FileTree, path: string, content: Json): FileTree => ({
  ...tree,
  files: [
    ...tree.files.filter((file) => file.path !== path),
    ...treeFromMemory('', { [path]: JSON.stringify(content) }).files,
  ],
});

async function withConfig(tree: FileTree, changes: Json): Promise<FileTree> {
  return withFile(tree, 'config.json', { ...(await readJson(tree, 'config.json')), ...changes });
}

/** Opens the folder and asks its first question. */
async function use(tree: FileTree): Promise<void> {
  const { text } = await openModel(tree);
  text.promptOf(parseConfig({}), ['video']);
}

const opening = async (tree: FileTree, changes: Json): Promise<void> => use(await withConfig(tree, changes));

it.each([
  [{ vocab_size: 2 ** 53 }, /"vocab_size" is 9007199254740992, expected a positive whole number up to/],
  [{ hidden_size: 6.4e10 }, /"hidden_size" is 64000000000, expected a positive whole number up to/],
  [{ num_hidden_layers: 1e9 }, /"num_hidden_layers" is 1000000000, expected .* up to 1024/],
  [{ num_hidden_layers: 2.5 }, /"num_hidden_layers" is 2\.5, expected a positive whole number\./],
  [
    { bert_config: { hidden_size: 16, num_hidden_layers: 2 ** 32, num_attention_heads: 2 } },
    /"num_hidden_layers" is 4294967296, expected .* up to 1024/,
  ],
  [{ num_frames: 1e9 }, /"num_frames" is 1000000000, expected/],
  [{ num_frames: '8' }, /"num_frames" is "8", expected/],
  [{ mm_vision_select_layer: 7 }, /"mm_vision_select_layer" is 7, expected a whole number from -4 to 3/],
  [{ mm_vision_select_layer: 0.5 }, /"mm_vision_select_layer" is 0\.5/],
  [{ vision_config: 'siglip' }, /"vision_config" is "siglip", expected an object/],
  [{ mm_audio_tower: 3 }, /"mm_audio_tower" is 3/],
  [{ tie_word_embeddings: 'yes' }, /"tie_word_embeddings" is "yes", expected true or false/],
  [{ vocab_size: 385 }, /model\.embed_tokens\.weight" has the shape \[384, 64\], expected \[385, 64\]/],
])('refuses %j by the name of the field', async (changes, message) => {
  await expect(opening(demo, changes)).rejects.toThrow(message);
  await expect(opening(demo, changes)).rejects.toBeInstanceOf(InputError);
});

it.each([
  [{ rope_scaling: { rope_type: 'llama3', factor: 8 } }, /scaled by "llama3"/],
  [{ rope_scaling: { type: 'linear' } }, /rope_scaling: "factor" is missing, expected a positive number/],
  [{ rope_scaling: { type: 'linear', factor: '1' } }, /rope_scaling: "factor" is "1", expected/],
  [{ rope_scaling: { type: 'yarn' } }, /rope_scaling: "factor" is missing/],
  [{ rope_scaling: { type: 'yarn', factor: 2, beta_fast: -1 } }, /rope_scaling: "beta_fast" is -1/],
  [
    { rope_scaling: { rope_type: 'default', type: 'linear', factor: 4 } },
    /scaled by "linear" and by "default" at once/,
  ],
  [
    { rope_scaling: { type: 'yarn', factor: 4 }, rope_parameters: { rope_type: 'default', rope_theta: 1e4 } },
    /"rope_scaling" is .*scaled by "yarn" and by "default" at once/,
  ],
  [{ rope_scaling: { factor: 2 } }, /scaled positions/],
  [
    { rope_parameters: { rope_type: 'dynamic', factor: 2, rope_theta: 1e4 } },
    /"rope_parameters" is .*"dynamic"/,
  ],
  [{ rope_parameters: { full_attention: { rope_type: 'default' } } }, /positions by kind of layer/],
  [{ use_sliding_window: true, sliding_window: 128, max_window_layers: 0 }, /"use_sliding_window" is true/],
  [{ layer_types: ['full_attention', 'sliding_attention'] }, /"layer_types" is "sliding_attention"/],
  [{ hidden_act: 'gelu' }, /"hidden_act" is "gelu", expected silu/],
  [{ attention_bias: false }, /"attention_bias" is false: queries, keys and values without biases/],
  [{ quantization_config: { quant_method: 'gptq', bits: 4 } }, /"quantization_config" is .*GPTQ/],
  [{ num_experts: 8 }, /"num_experts" is 8: a mixture of experts/],
  [{ partial_rotary_factor: 0.5 }, /"partial_rotary_factor" is 0\.5/],
])('refuses %j: it asks for what is not built', async (changes, message) => {
  await expect(opening(demo, changes)).rejects.toThrow(message);
});

it('refuses a quantised Qwen2-VL that says so outside of text_config', async () => {
  const { vision_config, model_type, image_token_id, video_token_id, ...decoder } = await readJson(
    vision,
    'config.json',
  );
  const nested = { model_type, image_token_id, video_token_id, vision_config, text_config: decoder };
  await use(withFile(vision, 'config.json', nested));
  const quantised = { ...nested, quantization_config: { quant_method: 'awq' } };
  await expect(use(withFile(vision, 'config.json', quantised))).rejects.toThrow(/"quantization_config"/);
  const rope_scaling = { ...(decoder.rope_scaling as Json), type: 'yarn', rope_type: 'yarn', factor: 4 };
  const scaled = { ...nested, text_config: { ...decoder, rope_scaling } };
  await expect(use(withFile(vision, 'config.json', scaled))).rejects.toThrow(
    /config\.json text_config: "rope_scaling" asks for yarn scaling of positions on several axes/,
  );
});

it('takes what published configs say without using it', async () => {
  await opening(demo, {
    use_sliding_window: false,
    sliding_window: 32768,
    max_window_layers: 21,
    rope_scaling: null,
    rope_parameters: { rope_type: 'default', rope_theta: 10000 },
    layer_types: ['full_attention', 'full_attention'],
    attention_dropout: 0,
    quantization_config: null,
  });
  await opening(demo, { use_sliding_window: true, sliding_window: 4096, max_window_layers: 28 });
  for (const kind of ['linear', 'yarn', 'default', 'mrope', undefined]) {
    await opening(demo, { rope_scaling: { type: kind, factor: 1 } });
    await opening(demo, { rope_scaling: { rope_type: kind, factor: 1.0 } });
  }
});

it.each([
  ['vision', ['siglip'], /no vision tower: expected the tensor .*siglip_vision_model/],
  ['audio', ['whisper'], /no audio tower: expected the tensor/],
  ['bert', ['bert'], /BERT inside the weights is 32 wide, and nothing says how many/],
  ['any', ['siglip', 'whisper', 'bert'], /no vision tower: expected/],
])('says that %s is missing where a HumanOmni comes without its towers', async (_, folders, message) => {
  const tree = await treeFromDisk('test/golden/omni-tiny');
  const files = tree.files.filter(({ path }) => !folders.some((folder) => path.startsWith(`${folder}/`)));
  await expect(use({ ...tree, files })).rejects.toThrow(message);
});

describe('token ids', () => {
  const token = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

  async function withToken(tree: FileTree, content: string, id: number): Promise<FileTree> {
    const json = await readJson(tree, 'tokenizer.json');
    const added = [...(json.added_tokens as Json[]), { ...token, content, id }];
    return withFile(tree, 'tokenizer.json', { ...json, added_tokens: added });
  }

  it('beyond the embedding are refused by the name of the token', async () => {
    await use(await withToken(demo, '<think>', 383));
    await expect(use(await withToken(demo, '<think>', 384))).rejects.toThrow(
      'The tokenizer\'s token "<think>" has the id 384, but the embedding has 384 rows, for the ids 0 to 383.',
    );
  });

  it("of the gate's text beyond BERT's embedding are refused, too", async () => {
    const vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', ...Array.from({ length: 95 }, (_, id) => `w${id}`)];
    const files = treeFromMemory('', { 'vocab.txt': vocab.join('\n') }).files;
    const tree = { ...demo, files: [...demo.files.filter(({ path }) => path !== 'vocab.txt'), ...files] };
    await expect(use(tree)).rejects.toThrow(/token "w94" has the id 98, but BERT's embedding has 98 rows/);
  });

  it('of the picture must be those of the tokenizer', async () => {
    const config = await withConfig(vision, { video_token_id: 309 });
    await expect(use(config)).rejects.toThrow(
      'config.json: "video_token_id" is 309, but <|video_pad|> has the id 311 in the tokenizer.',
    );
  });
});

const VALUES = [...STRANGE, 'silu', 'all_in_one', { type: 'yarn' }];

it.each([
  ['HumanOmni', () => demo],
  ['Qwen2-VL', () => vision],
])('opens a %s with a damaged config or refuses it by name, whatever the damage', async (_, treeOf) => {
  const tree = treeOf();
  const config = await readJson(tree, 'config.json');
  for (let seed = 0; seed < 150; seed++) {
    const changed = mutated(config, seed, VALUES);
    await use(withFile(tree, 'config.json', changed)).catch((error: unknown) => {
      if (error instanceof InputError) return;
      throw new Error(`seed ${seed}: ${JSON.stringify(changed)}`, { cause: error });
    });
  }
});
