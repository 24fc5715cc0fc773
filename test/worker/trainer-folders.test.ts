/** Folders as trainers and hubs leave them: versions of a run, checkpoints without a tokenizer, snapshots named by a commit. */
import { beforeAll, describe, expect, it } from 'vitest';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileEntry, type FileTree, readJson } from '../../src/io/files/files.ts';
import type { TensorSource } from '../../src/io/tensors/safetensors.ts';
import { openModel } from '../../src/worker/inputs/model.ts';
import { dropped, inFolder, markedModel, markOf, memory, notesOf, without } from './marked-model.ts';

let demo: FileTree;
let source: TensorSource;
beforeAll(async () => {
  demo = await treeFromDisk('public/demo/model');
  source = (await openModel(demo)).files.main.weights;
});

const marked = (mark: number) => markedModel(demo, source, mark);

it('opens of several runs into one folder the newest, and names the others', async () => {
  const [v2, v10] = ['v2-20250310-104500', 'v10-20250309-104500'];
  const model = await openModel(
    dropped(
      inFolder(`${v2}/checkpoint-900`, await marked(2)),
      inFolder(`${v10}/checkpoint-50`, await marked(3)),
      inFolder(`${v10}/checkpoint-100`, await marked(4)),
      inFolder('v0-20250310/checkpoint-900', await marked(1)),
      memory({ [`${v10}/args.json`]: '{}', 'v11-20250311-104500/args.json': '{}' }),
    ),
  );
  expect(await markOf(model)).toBe(4);
  expect(model.others).toEqual([
    `${v10}/checkpoint-50`,
    `${v2}/checkpoint-900`,
    'v0-20250310/checkpoint-900',
  ]);
  expect(notesOf(model)).toContain(`out holds 4 models: ${v10}/checkpoint-100 is open; left aside: ${v10}`);
});

it.each([
  [{ _name_or_path: 'StarJiaxing/R1-Omni-0.5B' }, 'R1-Omni-0.5B-0a9f5d1'],
  [{ _name_or_path: `../hub/models--a--R1-Omni/snapshots/${'b'.repeat(40)}` }, 'R1-Omni-0a9f5d1'],
  [{ _name_or_path: 'C:\\models\\mine' }, 'mine-0a9f5d1'],
  [{ _name_or_path: '../..', architectures: ['HumanOmniForCausalLM'] }, 'HumanOmniForCausalLM-0a9f5d1'],
  [{ _name_or_path: '<img>', architectures: 'x' }, 'HumanOmni_qwen2-0a9f5d1'],
  [{ _name_or_path: 7, architectures: [null] }, 'HumanOmni_qwen2-0a9f5d1'],
])('calls a snapshot that was given alone by its config and its commit: %j', async (changes, name) => {
  const commit = `0a9f5d1${'c'.repeat(33)}`;
  const { _name_or_path, architectures, ...config } = await readJson(demo, 'config.json');
  const contents = { 'config.json': JSON.stringify({ ...config, ...changes }) };
  const files = [...without(demo, 'config.json'), ...memory(contents)];
  expect((await openModel({ name: commit, files })).files.name).toBe(name);
  expect((await openModel(dropped(inFolder(commit, { name: '', files })))).files.name).toBe(name);
});

describe("a trainer's checkpoint without a tokenizer", () => {
  const TEXTS = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];
  const weightsOnly = async (mark: number): Promise<FileTree> => ({
    name: '',
    files: without(await marked(mark), ...TEXTS),
  });
  const texts = (): FileEntry[] => demo.files.filter(({ path }) => TEXTS.includes(path));

  it('takes that of the folder above, and says so', async () => {
    const tree = dropped(
      inFolder('run/checkpoint-20', await weightsOnly(3)),
      inFolder('run', { name: '', files: texts() }),
    );
    const model = await openModel(tree);
    expect(await markOf(model)).toBe(3);
    expect(notesOf(model)).toMatch(
      /run\/checkpoint-20 has no tokenizer\.json, tokenizer_config\.json.*: taken from run, the folder above\./,
    );
    const own = await openModel(demo);
    expect(model.text.tokenizer.encode('Why?')).toEqual(own.text.tokenizer.encode('Why?'));
    expect(model.text.template.source).toBe(own.text.template.source);
  });

  it('takes it of a model around it, too, when it is chosen, and no part of it where it has its own', async () => {
    const tree = dropped(
      (await marked(1)).files as FileEntry[],
      inFolder('checkpoint-20', await weightsOnly(3)),
      inFolder('checkpoint-30', { name: '', files: without(await marked(4), 'tokenizer_config.json') }),
    );
    const model = await openModel(tree, { folder: 'checkpoint-20' });
    expect(await markOf(model)).toBe(3);
    expect(notesOf(model)).toMatch(/: taken from out, the folder above\./);
    expect(notesOf(await openModel(tree, { folder: 'checkpoint-30' }))).not.toMatch(/taken from/);
  });

  it.each(['global_step_40', 'checkpoint-best', 'epoch-3', 'step5', 'final'])(
    'takes it in a folder %s, too',
    async (name) => {
      const tree = dropped(inFolder(name, await weightsOnly(3)), texts());
      expect(notesOf(await openModel(tree))).toContain(`${name} has no tokenizer.json`);
    },
  );

  it('takes none in a folder of any other name', async () => {
    const tree = dropped(inFolder('my-model', await weightsOnly(3)), texts());
    await expect(openModel(tree)).rejects.toThrow(/^my-model: tokenizer\.json is missing/);
  });

  it('is refused by the name of what is missing and where it lies, where it was given alone', async () => {
    const alone = openModel({ ...(await weightsOnly(3)), name: 'checkpoint-20' });
    await expect(alone).rejects.toThrow(/^checkpoint-20: tokenizer\.json is missing, and so are vocab\.json/);
    await expect(alone).rejects.toHaveProperty(
      'hint',
      expect.stringMatching(/lies in the folder above, or in that of the base model\. Open the folder above/),
    );
  });
});
