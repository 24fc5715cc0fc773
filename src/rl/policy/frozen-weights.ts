import type { Config } from '../../protocol/config.ts';

/** What the decoder's frozen matrices are kept as. */
export type FrozenWeights = Config['frozenWeights'];

const LINEARS = /^model\.layers\.\d+\.(self_attn|mlp)\.\w+_proj\.weight$/;
/** The embedding and the head, one matrix in small models: every answer is read off it, so it keeps 8 bits. */
const VOCABULARY = /^(model\.embed_tokens|lm_head)\.weight$/;

/** The format that the tensor of this name, as in a one-file checkpoint, is quantised to; undefined: as published. */
export function quantisedFormat(name: string, frozenWeights: FrozenWeights): 'q8' | 'q4' | undefined {
  if (frozenWeights === 'published') return undefined;
  if (VOCABULARY.test(name)) return 'q8';
  if (!LINEARS.test(name)) return undefined;
  return frozenWeights === 'int8' ? 'q8' : 'q4';
}
