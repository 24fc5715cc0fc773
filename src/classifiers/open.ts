/** A sequence classifier with everything read but its weights. */
import { WeightLoader, type WeightSource } from '../decoder/weights.ts';
import { demandRows } from '../families/shared/text.ts';
import { dryGpu, type Gpu } from '../gpu/index.ts';
import type { FileTree } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import { ChatTemplate } from '../text/chat-template.ts';
import {
  type ClassifierTokenizer,
  loadClassifierTokenizer,
  type TokenizerKind,
} from '../text/classifier-tokenizer.ts';
import type { Body } from './body.ts';
import { openDecoderBody, parseDecoderConfig } from './decoders.ts';
import { encoderAliases, openEncoderBody, parseEncoderConfig } from './encoders.ts';
import { type ClassifierFiles, type ClassifierType, openClassifierFiles } from './files.ts';

/** Tokens of the longest text that is scored, where a model has positions for more. */
const MOST_TOKENS = 4096;

export interface OpenClassifier {
  readonly files: ClassifierFiles;
  readonly sources: readonly WeightSource[];
  readonly tokenizer: ClassifierTokenizer;
  /** The template of its own; absent where it brings none. */
  readonly template?: ChatTemplate;
  /** A name for each number that it gives. */
  readonly labels: readonly string[];
  /** Tokens of the longest text; longer ones are cut. */
  readonly mostTokens: number;
}

const TOKENIZERS: Readonly<Record<ClassifierType, TokenizerKind>> = {
  bert: 'wordpiece',
  distilbert: 'wordpiece',
  roberta: 'roberta',
  qwen2: 'qwen',
  qwen3: 'qwen',
};

/** Opens every tensor of a classifier by its published name. @throws InputError */
export function openBody(gpu: Gpu, loader: WeightLoader, { files }: Pick<OpenClassifier, 'files'>): Body {
  const { type, config, tree } = files;
  const label = `${tree.name}/config.json`;
  if (type === 'qwen2' || type === 'qwen3') {
    return openDecoderBody(gpu, loader, parseDecoderConfig(type, config), MOST_TOKENS);
  }
  return openEncoderBody(loader, parseEncoderConfig(type, config, label));
}

/** Reads config, tokenizer and the weights' headers of a classifier's folder: what is missing or misshapen is found here. @throws InputError */
export async function openClassifier(tree: FileTree, path?: string): Promise<OpenClassifier> {
  const files = await openClassifierFiles(tree, path);
  const sources = [{ source: files.weights, aliases: encoderAliases }];
  const { outputs, vocabSize, mostTokens } = measure(files, sources);
  const tokenizer = await loadClassifierTokenizer(files.tree, TOKENIZERS[files.type]);
  demandRows(tokenizer.largest, vocabSize, 'the embedding');
  const template = await ChatTemplate.loadIfThere(files.tree);
  return {
    files,
    sources,
    tokenizer,
    ...(template ? { template } : {}),
    labels: labelsOf(files, outputs),
    mostTokens: Math.min(mostTokens, tokenizer.modelMaxLength ?? mostTokens),
  };
}

/** Opens every tensor on a device that only counts. */
function measure(files: ClassifierFiles, sources: readonly WeightSource[]): Body {
  const gpu = dryGpu();
  using loader = new WeightLoader(gpu, sources);
  return openBody(gpu, loader, { files });
}

/** Names of `id2label`; "LABEL_0" and so on where the config has none. @throws InputError where it has others than it has numbers */
function labelsOf({ config, tree }: ClassifierFiles, outputs: number): string[] {
  const named = config.id2label;
  const usual = Array.from({ length: outputs }, (_, id) => `LABEL_${id}`);
  if (typeof named !== 'object' || named === null) return usual;
  const count = Object.keys(named).length;
  if (count !== outputs) {
    throw new InputError(
      `${tree.name}/config.json: "id2label" names ${count} labels, but the head gives ${outputs} numbers.`,
      { hint: 'Take the config.json that belongs to these weights.' },
    );
  }
  return usual.map((_, id) => {
    const name = (named as Record<string, unknown>)[id];
    if (typeof name === 'string' || typeof name === 'number') return String(name);
    throw new InputError(
      `${tree.name}/config.json: "id2label" has ${JSON.stringify(name) ?? 'nothing'} for label ${id}; expected a name for each number from 0 to ${outputs - 1}.`,
      { hint: 'Take the config.json that belongs to these weights.' },
    );
  });
}
