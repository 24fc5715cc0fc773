import { InputError } from '../../math/errors.ts';
import type { TensorShapes } from '../shared/encoder-layer.ts';
import type { ModelFiles, TowerKind } from '../shared/model-files.ts';
import { BERT_PREFIX } from './bert.ts';
import { hasAudioTower } from './parts.ts';
import { SIGLIP_PREFIX } from './siglip.ts';
import { WHISPER_PREFIX } from './whisper.ts';

interface TowerWords {
  readonly name: string;
  /** The tensor by which a tower is known, by the name it has in a file that holds everything. */
  readonly tensor: string;
  readonly modelType: string;
  /** Where the published one comes from. */
  readonly source: string;
}

const TOWERS: Readonly<Record<TowerKind, TowerWords>> = {
  vision: {
    name: 'vision tower',
    tensor: `${SIGLIP_PREFIX}embeddings.patch_embedding.weight`,
    modelType: 'siglip_vision_model',
    source: 'google/siglip-base-patch16-224',
  },
  audio: {
    name: 'audio tower',
    tensor: `${WHISPER_PREFIX}conv1.weight`,
    modelType: 'whisper',
    source: 'openai/whisper-large-v3',
  },
  bert: {
    name: "BERT for the gate's question",
    tensor: `${BERT_PREFIX}embeddings.word_embeddings.weight`,
    modelType: 'bert',
    source: 'google-bert/bert-base-uncased',
  },
};

/** Throws an InputError that says which tower is missing and where it was looked for. `shapes`: of all files together. */
export function demandTowers(files: ModelFiles, shapes: TensorShapes): void {
  const kinds: readonly TowerKind[] = hasAudioTower(files.main.config)
    ? ['vision', 'audio', 'bert']
    : ['vision', 'bert'];
  for (const kind of kinds) {
    const { name, tensor, modelType, source } = TOWERS[kind];
    if (shapes.has(tensor)) continue;
    const own = files.towers[kind];
    const found = own ? `the folder ${own.tree.name} does not hold it` : `no other folder is one`;
    throw new InputError(
      `${files.name}: no ${name}: expected the tensor "${tensor}" in its weights, or a folder with a config.json of the model_type "${modelType}" and its weights; ${found}.`,
      {
        hint: `Put the tower's folder (${source}, where the published one is used) into the model's folder or beside it, and open the folder that holds both.`,
      },
    );
  }
}
