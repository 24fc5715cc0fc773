/** The folders `checkpoint-N` that trainers write, by whatever word: some hold weights and config only, the rest lies in the folder above. */
import { type FileEntry, type FileTree, findFile } from '../files/files.ts';

/** A checkpoint's folder, and the one above it inside the dropped one. */
const CHECKPOINT =
  /^(?:(.*)\/)?(?:(?:checkpoint|ckpt|global_step|step|epoch|iter)[-_]?(?:\d+|best|last|final)|best|last|final)$/;

const TOKENIZER = ['tokenizer.json', 'vocab.json'];
const PREPROCESSOR = ['preprocessor_config.json', 'processor_config.json'];
/** What comes along with each of them. */
const BESIDE_TOKENIZER = [
  ...['tokenizer_config.json', 'merges.txt', 'added_tokens.json', 'special_tokens_map.json'],
  ...['chat_template.jinja', 'chat_template.json'],
];
const BESIDE_PREPROCESSOR = ['video_preprocessor_config.json'];

export interface Borrowed {
  /** Files of the folder above, as if they lay in the checkpoint's. */
  readonly files: readonly FileEntry[];
  /** What to say of them; nothing where there are none. */
  readonly notes: readonly string[];
}

/** What the model in the folder `path` lacks beside its weights and the folder above it has; nothing for a folder that is no trainer's checkpoint. */
export function borrowedFiles(tree: FileTree, path: string): Borrowed {
  const found = CHECKPOINT.exec(path);
  if (!found) return { files: [], notes: [] };
  const above = found[1] === undefined ? '' : `${found[1]}/`;
  const hasOwn = (name: string): boolean => findFile(tree, `${path}/${name}`) !== undefined;
  const lacking = [
    ...(TOKENIZER.some(hasOwn) ? [] : [...TOKENIZER, ...BESIDE_TOKENIZER]),
    ...(PREPROCESSOR.some(hasOwn) ? [] : [...PREPROCESSOR, ...BESIDE_PREPROCESSOR]),
  ];
  const files = lacking.flatMap((name) => {
    const file = hasOwn(name) ? undefined : findFile(tree, above + name);
    return file ? [{ ...file, path: `${path}/${name}` }] : [];
  });
  if (files.length === 0) return { files, notes: [] };
  const names = files.map((file) => file.path.slice(path.length + 1)).join(', ');
  const where = above === '' ? `${tree.name}, the folder above` : `${above.slice(0, -1)}, the folder above`;
  return { files, notes: [`${path} has no ${names}: taken from ${where}.`] };
}

/** Where a file that a folder lacks usually lies: beside a trainer's checkpoint, or not in what was dropped. */
export function whereItLies(tree: FileTree, name: string): string {
  if (!CHECKPOINT.test(tree.name)) {
    return `Drop the whole folder; it has ${tree.files.length} files, ${name} is not among them.`;
  }
  return `Trainers often leave ${name} out of a checkpoint: it lies in the folder above, or in that of the base model. Open the folder above if it is there, or copy ${name} and what belongs to it into ${tree.name}.`;
}
