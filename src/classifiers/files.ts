/** Finds a sequence classifier in a folder, and refuses by name what is not built here. */
import type { Json } from '../decoder/fields.ts';
import { type FoundFolder, findMain, modelName } from '../families/shared/model-files.ts';
import type { FileTree } from '../io/files/files.ts';
import { openCheckpoint } from '../io/sealed/checkpoint.ts';
import type { TensorSource } from '../io/tensors/safetensors.ts';
import { InputError } from '../math/errors.ts';

/** Every `model_type` that is built here, with the class that transformers publishes its classifiers as. */
const ARCHITECTURES = {
  bert: 'BertForSequenceClassification',
  roberta: 'RobertaForSequenceClassification',
  distilbert: 'DistilBertForSequenceClassification',
  qwen2: 'Qwen2ForSequenceClassification',
  qwen3: 'Qwen3ForSequenceClassification',
} as const;

export type ClassifierType = keyof typeof ARCHITECTURES;
const TYPES = Object.keys(ARCHITECTURES) as ClassifierType[];

const HINT = `Take a classifier of one of these classes: ${Object.values(ARCHITECTURES).join(', ')}.`;

/** A classifier's folder, opened: only headers of its weights were read. */
export interface ClassifierFiles {
  readonly name: string;
  readonly type: ClassifierType;
  readonly tree: FileTree;
  readonly config: Json;
  readonly weights: TensorSource;
  readonly notes: readonly string[];
}

const classes = ({ architectures }: Json): string[] =>
  Array.isArray(architectures) ? architectures.map(String) : [];

/** Whether a config.json says that it is a sequence classifier's, of whatever type; older ones name no class. */
const isClassifier = (config: Json): boolean => {
  const named = classes(config);
  if (named.length === 0) return TYPES.some((type) => type === config.model_type);
  return named.some((name) => name.endsWith('ForSequenceClassification'));
};

/** Whether what lies nearest to the top of a folder is a classifier by its class; false where its config.json cannot be read. */
export async function isClassifierFolder(tree: FileTree): Promise<boolean> {
  try {
    const { main } = await findMain(tree, () => true);
    return main !== undefined && classes(main.config).length > 0 && isClassifier(main.config);
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** The classifier at `path`, or that nearest to the top of the folder. @throws InputError that says what was found instead */
export async function openClassifierFiles(tree: FileTree, path?: string): Promise<ClassifierFiles> {
  const { main, seen } = await findMain(tree, isClassifier, path);
  if (!main) throw await noClassifier(tree, path, seen);
  const type = typeOf(main);
  const notes: string[] = [];
  const weights = await openCheckpoint(main.tree, (note) => notes.push(note));
  const name = modelName(tree, main.path, main.config);
  return { name, type, tree: main.tree, config: main.config, weights, notes };
}

function typeOf({ tree, config }: FoundFolder): ClassifierType {
  const label = `${tree.name}/config.json`;
  const type = TYPES.find((known) => known === config.model_type);
  if (!type) {
    throw new InputError(
      `${label}: "model_type" is ${JSON.stringify(config.model_type) ?? 'missing'}, expected ${TYPES.join(', ')}.`,
      { hint: HINT },
    );
  }
  const named = classes(config);
  if (named.length > 0 && !named.includes(ARCHITECTURES[type])) {
    throw new InputError(
      `${label}: "architectures" is ${named.join(', ')}, expected ${ARCHITECTURES[type]} for the model_type ${type}.`,
      { hint: HINT },
    );
  }
  return type;
}

/** Says what there is in place of a classifier: a model of another class, or none. */
async function noClassifier(
  tree: FileTree,
  path: string | undefined,
  seen: readonly string[],
): Promise<InputError> {
  const { main: other } = await findMain(tree, () => true, path);
  const [named] = other ? classes(other.config) : [];
  if (named !== undefined) {
    return new InputError(
      `${tree.name}: no sequence classifier; found ${named}, which has no classification head.`,
      { hint: HINT },
    );
  }
  const found = seen.length > 0 ? seen.join(', ') : 'no config.json';
  return new InputError(`${tree.name}: no sequence classifier; found ${found}.`, { hint: HINT });
}

/** Refuses what a config.json asks for and no classifier here does; absent, null and false ask for nothing. @throws InputError naming the field */
export function refuseFields(config: Json, label: string, notBuilt: Readonly<Record<string, string>>): void {
  for (const [key, what] of Object.entries(notBuilt)) {
    const value = config[key] ?? false;
    if (value === false) continue;
    throw new InputError(
      `${label}: "${key}" is ${JSON.stringify(value)}: ${what}, which is not built here.`,
      {
        hint: 'Use a checkpoint without it: the numbers would be others than this model was trained with.',
      },
    );
  }
}
