import { kernelsOf, type Recorder, type Tensor } from '../../gpu/index.ts';

const kernel = kernelsOf('top_tokens', ['rows', 'tile', 'first']);
const begin = kernel('begin', { writes: ['tops'] });
const takeTile = kernel('take_tile', { reads: ['raw'], updates: ['tops'] });

/** So many are found for each row; the shader's constant of that name. */
export const TOP_COUNT = 5;
/** Id in the place of a token that there is not. */
const NONE = 0xffff_ffff;

/** The largest logits of rows, taken tile by tile. */
export class TopTokens {
  /** u32 [rows, TOP_COUNT, 2]: bits of a raw logit, and its id. */
  readonly tops: Tensor;
  readonly #recorder: Recorder;
  readonly #rows: number;

  constructor(recorder: Recorder, rows: number) {
    this.#recorder = recorder;
    this.#rows = rows;
    this.tops = recorder.temp('top tokens', [rows, TOP_COUNT, 2], 'u32');
    const workgroups = Math.ceil((rows * TOP_COUNT) / 64);
    recorder.dispatch(begin, {
      uniforms: { rows, tile: 0, first: 0 },
      tensors: { tops: this.tops },
      workgroups,
    });
  }

  /** `raw` f32 [rows, tile]: logits of the vocabulary from `first` on. */
  take(raw: Tensor, first: number): void {
    this.#recorder.dispatch(takeTile, {
      uniforms: { rows: this.#rows, tile: raw.shape[1]!, first },
      tensors: { raw, tops: this.tops },
      workgroups: this.#rows,
    });
  }
}

/** Tokens by falling probability, with their log-probabilities in nats. */
export interface Likeliest {
  /** [rows × TOP_COUNT] */
  readonly ids: Uint32Array;
  readonly logProbs: Float32Array;
}

/**
 * Reads the words of `tops` with those of the head's state (`m`, `s` of a row: its largest logit over the temperature, and the sum of
 * exponentials below that). Log-probability 0 and id 0 never stand for a token that there is not: it has log-probability −∞.
 */
export function likeliestOf(
  tops: Uint32Array,
  state: Float32Array,
  rows: number,
  temperature: number,
): Likeliest {
  const logits = new Float32Array(tops.buffer, tops.byteOffset, tops.length);
  const ids = new Uint32Array(rows * TOP_COUNT);
  const logProbs = new Float32Array(rows * TOP_COUNT);
  for (let at = 0; at < ids.length; at++) {
    const row = Math.floor(at / TOP_COUNT);
    const id = tops[2 * at + 1]!;
    const lse = state[4 * row]! + Math.log(state[4 * row + 1]!);
    ids[at] = id === NONE ? 0 : id;
    logProbs[at] = id === NONE ? Number.NEGATIVE_INFINITY : logits[2 * at]! / temperature - lse;
  }
  return { ids, logProbs };
}
