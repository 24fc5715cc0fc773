import type { Config } from '../../protocol/config.ts';

/** Which parts of the model a run trains, by checkpoint names. */
export type TrainedParts = Pick<Config, 'trainDecoder' | 'trainProjectors' | 'trainGate' | 'trainBert'> &
  Partial<Pick<Config, 'trainVision'>>;

const PARTS: readonly (readonly [keyof TrainedParts, RegExp])[] = [
  ['trainDecoder', /^(model\.(layers\.|embed_tokens\.|norm\.)|lm_head\.)/],
  ['trainProjectors', /^model\.(mm_projector|audio_projector)\./],
  ['trainGate', /^model\.bert_gate\./],
  // The pooler is in the files, but nothing reads it.
  ['trainBert', /^model\.bert_model\.(?!pooler\.)/],
  ['trainVision', /^visual\./],
];

/** Whether the tensor of this name, as in a one-file checkpoint, is trained. */
export function isTrained(name: string, parts: TrainedParts): boolean {
  return PARTS.some(([key, names]) => parts[key] && names.test(name));
}

/** Whether anything between towers and decoder trains, so that media tokens must be made anew in every step. */
export function trainsMedia(parts: TrainedParts): boolean {
  return parts.trainProjectors || parts.trainGate || parts.trainBert || parts.trainVision === true;
}

/** Whether the vision tower is a part of the policy and is given patches, as it is where it trains. */
export const hasTowerInside = ({
  trainVision,
  loraVision,
  loraRank,
}: Pick<Config, 'trainVision' | 'loraVision' | 'loraRank'>): boolean =>
  trainVision || (loraVision && loraRank > 0);

export type PartName = 'decoder' | 'projectors' | 'gate' | 'bert' | 'vision' | 'audio';

const NAMES: readonly (readonly [PartName, RegExp])[] = [
  ['projectors', PARTS[1]![1]],
  ['gate', PARTS[2]![1]],
  ['bert', /^(model\.bert_model|bert)\./],
  ['vision', /(vision_(tower|model)\.|^visual\.)/],
  ['audio', /(audio_tower\.|^model\.encoder\.)/],
];

/** The part of the model that a tensor belongs to. */
export function partOf(name: string): PartName {
  return NAMES.find(([, names]) => names.test(name))?.[0] ?? 'decoder';
}
