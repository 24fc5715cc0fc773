/** What a config.json says of rotary positions: theta, M-RoPE's sections, and how positions are scaled. */
import { InputError } from '../math/errors.ts';
import { type RopeScaling, type YarnScaling, yarnMagnitude } from '../ops/attention/rope-frequencies.ts';
import { Fields, type Json } from './fields.ts';
import { ropeKind, ropeObject } from './unsupported.ts';

export interface RopeConfig {
  readonly ropeTheta: number;
  /** Absent where positions are taken as they are. */
  readonly ropeScaling?: RopeScaling;
  /** M-RoPE: pairs of a head's columns that turn by time, height and width; absent where tokens have one position. */
  readonly mropeSections?: readonly number[];
}

/** Reads them from `rope_parameters`, `rope_scaling` and beside these. @throws InputError naming the field that is off */
export function parseRopeConfig(
  json: Json,
  { headDim, maxPositions }: { readonly headDim: number; readonly maxPositions: number },
  label: string,
): RopeConfig {
  const own = ropeObject(json, label);
  const theta = { rope_theta: own.rope_theta ?? json.rope_theta };
  const sections = sectionsOf(own, headDim, label);
  const original = json.original_max_position_embeddings ?? own.original_max_position_embeddings;
  const scaling = scalingOf({ ...own, original_max_position_embeddings: original }, maxPositions, label);
  if (scaling && sections.mropeSections) {
    throw new InputError(
      `${label}: "rope_scaling" asks for ${scaling.kind} scaling of positions on several axes ("mrope_section"), which is not built here.`,
      { hint: 'Use a checkpoint without it: the numbers would be others than this model was trained with.' },
    );
  }
  return {
    ropeTheta: new Fields(theta, label).positive('rope_theta', 1e6),
    ...(scaling ? { ropeScaling: scaling } : {}),
    ...sections,
  };
}

/** M-RoPE's sections, from the object that says how positions turn. */
function sectionsOf(own: Json, headDim: number, label: string): Pick<RopeConfig, 'mropeSections'> {
  const { mrope_section: sections } = own;
  if (sections === undefined || sections === null) return {};
  const counts = Array.isArray(sections) ? sections.map(Number) : [];
  const whole = counts.every((pairs) => Number.isInteger(pairs) && pairs > 0);
  if (whole && counts.reduce((sum, pairs) => sum + pairs, 0) === headDim / 2) {
    return { mropeSections: counts };
  }
  throw new InputError(
    `${label}: "mrope_section" is ${JSON.stringify(sections)}, expected numbers that add up to ${headDim / 2}, half a head.`,
  );
}

function scalingOf(own: Json, maxPositions: number, label: string): RopeScaling | undefined {
  const kind = ropeKind(own);
  if (kind !== 'linear' && kind !== 'yarn') return undefined;
  const fields = new Fields(own, `${label} rope_scaling`);
  if (kind === 'yarn') return yarnOf(fields, maxPositions);
  const factor = fields.positive('factor');
  // Positions that are divided by one are as they were.
  return factor === 1 ? undefined : { kind, factor };
}

/** YaRN's numbers with the defaults of transformers. */
function yarnOf(fields: Fields, maxPositions: number): YarnScaling {
  const originalPositions = fields.count('original_max_position_embeddings', maxPositions);
  const ratio = maxPositions / originalPositions;
  const factor = fields.positive('factor', ratio === 1 ? undefined : ratio);
  return {
    kind: 'yarn',
    factor,
    originalPositions,
    betaFast: fields.positive('beta_fast', 32),
    betaSlow: fields.positive('beta_slow', 1),
    attentionFactor: fields.positive('attention_factor', magnitudeOf(fields, factor)),
    truncate: fields.flag('truncate') ?? true,
  };
}

/** The factor of cosines and sines where a config does not say it: by `mscale` and `mscale_all_dim` where it has both. */
function magnitudeOf(fields: Fields, factor: number): number {
  const [over, under] = ['mscale', 'mscale_all_dim'].map((key) => fields.weight(key));
  if (!over || !under) return yarnMagnitude(factor);
  return yarnMagnitude(factor, over) / yarnMagnitude(factor, under);
}
