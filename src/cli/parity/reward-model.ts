/** The quantities of a sequence classifier's case: token ids of its texts, and their logits, one by one and together. */
import { Classifier } from '../../classifiers/classifier.ts';
import { type OpenClassifier, openClassifier } from '../../classifiers/open.ts';
import type { Gpu } from '../../gpu/index.ts';
import { type FileTree, readJson } from '../../io/files/files.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';
import { needArrays } from './arrays.ts';
import { activation, differing, type Quantity } from './quantity.ts';

interface Row {
  readonly text: string;
  readonly ids: readonly number[];
}

interface Settings {
  readonly rows: readonly Row[];
  readonly max_length?: number | null;
}

async function openSettings(tree: FileTree): Promise<Settings> {
  const settings = await readJson(tree, 'case.json');
  if (Array.isArray(settings.rows) && settings.rows.every((row) => Array.isArray(row?.ids)))
    return settings as unknown as Settings;
  throw new InputError(`${tree.name}/case.json: "rows" is no list of texts with their ids.`);
}

/** All quantities of one case folder. */
export async function rewardModelQuantities(tree: FileTree, gpu: Gpu): Promise<Quantity[]> {
  const settings = await openSettings(tree);
  const arrays = await needArrays(tree, 'case.safetensors');
  const opened = await openClassifier(tree);
  using classifier = await Classifier.load(gpu, opened);
  return [
    ...idQuantities(opened, settings),
    ...(await singleQuantities(classifier, settings, arrays)),
    ...(await batchQuantities(classifier, settings, arrays)),
  ];
}

function idQuantities({ tokenizer, mostTokens }: OpenClassifier, settings: Settings): Quantity[] {
  const most = settings.max_length ?? mostTokens;
  return settings.rows.map(({ text, ids }, index) =>
    differing(`ids ${index}`, tokenizer.encode(text, { most, special: true }), ids),
  );
}

async function singleQuantities(
  classifier: Classifier,
  { rows }: Settings,
  arrays: TensorSource,
): Promise<Quantity[]> {
  const quantities: Quantity[] = [];
  for (const [index, { ids }] of rows.entries()) {
    if (!arrays.has(`logits.${index}`)) continue;
    const [ours] = await classifier.logits([ids]);
    quantities.push(activation(`logits ${index}`, ours ?? [], await arrays.float32(`logits.${index}`)));
  }
  return quantities;
}

/** Row for row: the norm over all would hide one that is off. */
async function batchQuantities(
  classifier: Classifier,
  { rows }: Settings,
  arrays: TensorSource,
): Promise<Quantity[]> {
  const texts = rows.map(({ ids }) => ids).filter((ids) => ids.length > 0);
  const ours = await classifier.logits(texts);
  const expected = await arrays.float32('batch_logits');
  const width = expected.length / texts.length;
  return ours.map((logits, row) =>
    activation(`batch_logits ${row}`, logits ?? [], expected.subarray(row * width, (row + 1) * width)),
  );
}
