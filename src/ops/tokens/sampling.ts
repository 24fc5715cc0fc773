import {
  expectShape,
  type Gpu,
  kernelsOf,
  type Recorder,
  ShaderStruct,
  type Tensor,
  type Traits,
} from '../../gpu/index.ts';

const kernel = kernelsOf('sampling', ['rows', 'vocabulary', 'capacity', 'end_count', 'pad']);
const scale = kernel('scale', { reads: ['logits', 'controls'], writes: ['scores'] });
const penalise = kernel('penalise', {
  reads: ['logits', 'controls', 'drawn', 'lengths'],
  updates: ['scores'],
});
const findTop = kernel('find_top', { reads: ['logits', 'controls', 'saved_scores'], writes: ['tops'] });
const findCut = kernel('find_cut', { reads: ['controls', 'saved_scores', 'saved_tops'], writes: ['cuts'] });
const spread = kernel('spread', {
  reads: ['controls', 'saved_scores', 'saved_cuts'],
  writes: ['probabilities'],
});
const draw = kernel('draw', {
  reads: ['logits', 'controls', 'lengths', 'saved_scores', 'saved_tops', 'saved_cuts'],
  updates: ['tokens'],
  writes: ['log_probs'],
});
const advance = kernel('advance', {
  reads: ['controls', 'end_ids'],
  updates: ['tokens', 'log_probs', 'history', 'history_log_probs', 'counts', 'ended'],
});

const CONTROLS = new ShaderStruct('sampling', 'Controls');
const TOP = new ShaderStruct('sampling', 'Top');
const CUT_OFF = new ShaderStruct('sampling', 'Cut');

/** Threads that share a row, and values that each asks for at a time; a short row is not worth many. */
const rowLanes = (vocabulary: number, { isSoftware }: Traits): { LANES: number; AHEAD: number } =>
  vocabulary < 16_384 ? { LANES: 64, AHEAD: 4 } : { LANES: 256, AHEAD: isSoftware ? 4 : 8 };

/** How tokens are chosen; the filters are those of Hugging Face transformers, applied in the order given here. */
export interface SamplingSettings {
  /** Multiplies (x ≤ 0) or divides (x > 0) the logits of ids the row has drawn before; 1: off. */
  readonly repetitionPenalty: number;
  /** Divides the logits; 0: always the likeliest token. */
  readonly temperature: number;
  /** Keep the k likeliest, with ties; 0: off. */
  readonly topK: number;
  /** Keep the fewest likeliest that hold this share of the probability; 1: off. */
  readonly topP: number;
  /** Keep what is at least this share as likely as the likeliest; 0: off. */
  readonly minP: number;
  readonly seed: number;
  /** Training step: the same seed and step draw the same tokens. */
  readonly step: number;
  /** Random stream of row 0, the others count on from there; 0 unless said. */
  readonly firstRow?: number;
}

/** No limit but the room for drawn tokens. */
const UNLIMITED = 0xffffffff;
/** How a row came to its end. */
const ENDED = 1;
const CUT = 2;

/** Words of the controls of that many decode slots. */
const controlWords = (rows: number): number => CONTROLS.words + rows;

/** The struct `Controls` of shaders/sampling.wgsl, for that many decode slots. */
export function encodeControls(settings: SamplingSettings, rows: number, limit = UNLIMITED): Uint32Array {
  const { repetitionPenalty, temperature, topK, topP, minP, seed, step, firstRow = 0 } = settings;
  const greedy = temperature === 0;
  return CONTROLS.encode({
    inverse_temperature: greedy ? 1 : 1 / temperature,
    greedy: Number(greedy),
    top_k: topK,
    top_p: topP,
    min_p: greedy ? 0 : minP,
    repetition_penalty: repetitionPenalty,
    seed,
    step,
    limit,
    streams: Array.from({ length: rows }, (_, row) => firstRow + row),
  });
}

/** What each row has drawn so far, and what is drawn next; all on the GPU, so that steps follow without reading back. */
export interface SamplingState {
  /** u32 from {@link encodeControls}. */
  readonly controls: Tensor;
  /** u32 [rows, capacity] ids drawn. */
  readonly history: Tensor;
  /** f32 [rows, capacity] their log-probabilities under the softmax at the temperature, without penalty and filters. */
  readonly historyLogProbs: Tensor;
  /** u32 [rows] how many have been drawn. */
  readonly lengths: Tensor;
  /** u32 [rows] 1 once an end id was drawn, 2 once the limit was met without. */
  readonly ended: Tensor;
  /** u32 [rows] the token drawn last: the next step's input. Ended rows repeat the first end id. */
  readonly tokens: Tensor;
  /** f32 [rows] its log-probability; 0 for rows that had ended. */
  readonly logProbs: Tensor;
  /** u32 [k] */
  readonly endIds: Tensor;
}

interface Prepared {
  readonly scores: Tensor;
  readonly tops: Tensor;
  readonly cuts: Tensor;
  readonly defines: { LANES: number; AHEAD: number };
  readonly values: { rows: number; vocabulary: number; capacity: number; end_count: number; pad: number };
}

type Previous = Pick<SamplingState, 'controls' | 'history' | 'lengths'>;

function prepare(recorder: Recorder, logits: Tensor, state: Previous): Prepared {
  const [rows, vocabulary] = [logits.shape[0]!, logits.shape[1]!];
  const { controls, history: drawn, lengths } = state;
  expectShape('sampling controls', controls, [controlWords(rows)]);
  expectShape('sampling history', drawn, [rows, -1]);
  expectShape('sampling lengths', lengths, [rows]);
  const values = { rows, vocabulary, capacity: drawn.shape[1]!, end_count: 0, pad: 0 };
  const scores = recorder.temp('scores', [rows, vocabulary]);
  const tops = recorder.temp('largest scores', [rows, TOP.words]);
  const cuts = recorder.temp('sampling cuts', [rows, CUT_OFF.words]);
  const defines = rowLanes(vocabulary, recorder.traits);
  const elements = Math.ceil((rows * vocabulary) / 64);
  recorder.dispatch(scale, {
    uniforms: values,
    defines,
    tensors: { logits, controls, scores },
    workgroups: elements,
  });
  recorder.dispatch(penalise, {
    uniforms: values,
    defines,
    tensors: { logits, controls, drawn, lengths, scores },
    workgroups: rows,
  });
  recorder.dispatch(findTop, {
    uniforms: values,
    defines,
    tensors: { logits, controls, saved_scores: scores, tops },
    workgroups: rows,
  });
  recorder.dispatch(findCut, {
    uniforms: values,
    defines,
    tensors: { controls, saved_scores: scores, saved_tops: tops, cuts },
    workgroups: rows,
  });
  return { scores, tops, cuts, defines, values };
}

/** The distribution {@link sampleTokens} draws from, as numbers: [rows, vocabulary] from logits of that shape. */
export function filteredProbabilities(recorder: Recorder, logits: Tensor, state: Previous): Tensor {
  const { scores, cuts, defines, values } = prepare(recorder, logits, state);
  const probabilities = recorder.temp('probabilities', logits.shape);
  recorder.dispatch(spread, {
    uniforms: values,
    defines,
    tensors: { controls: state.controls, saved_scores: scores, saved_cuts: cuts, probabilities },
    workgroups: Math.ceil((values.rows * values.vocabulary) / 64),
  });
  return probabilities;
}

/** Draws one token for each row of `logits` [rows, vocabulary] and moves `state` on; ended rows stay as they are. */
function sampleTokens(recorder: Recorder, logits: Tensor, state: SamplingState, pad: number): void {
  const { scores, tops, cuts, defines, values } = prepare(recorder, logits, state);
  const { controls, lengths, tokens, logProbs, endIds, history, historyLogProbs, ended } = state;
  recorder.dispatch(draw, {
    uniforms: values,
    defines,
    tensors: {
      logits,
      controls,
      lengths,
      saved_scores: scores,
      saved_tops: tops,
      saved_cuts: cuts,
      tokens,
      log_probs: logProbs,
    },
    workgroups: values.rows,
  });
  recorder.dispatch(advance, {
    uniforms: { ...values, end_count: endIds.shape[0]!, pad },
    defines,
    tensors: {
      controls,
      tokens,
      log_probs: logProbs,
      end_ids: endIds,
      history,
      history_log_probs: historyLogProbs,
      counts: lengths,
      ended,
    },
    workgroups: Math.ceil(values.rows / 64),
  });
}

export interface SamplerOptions {
  readonly rows: number;
  /** Most tokens a row can hold. */
  readonly capacity: number;
  readonly vocab: number;
  /** Ids that end a row; at least one. */
  readonly endIds: readonly number[];
}

/** What one row has drawn. */
export interface SampledRow {
  /** The end id included, where one was drawn. */
  readonly ids: Uint32Array;
  readonly logProbs: Float32Array;
  /** Whether an end id was drawn. */
  readonly ended: boolean;
  /** Whether it draws no more: it drew an end id or met its limit. */
  readonly rests: boolean;
}

/** A {@link SamplingState} of its own and what a generation loop does with it. */
export class Sampler {
  readonly state: SamplingState;
  readonly #gpu: Gpu;
  readonly #options: SamplerOptions;

  constructor(gpu: Gpu, options: SamplerOptions) {
    const { rows, capacity, vocab, endIds } = options;
    const outside = endIds.find((id) => id >= vocab);
    if (endIds.length === 0 || outside !== undefined) {
      throw new Error(`Sampler: end ids [${endIds}]; expected at least one, all below ${vocab}.`);
    }
    const tensor = (label: string, shape: number[], dtype: 'u32' | 'f32' = 'u32'): Tensor =>
      gpu.tensor('inputs', label, shape, dtype);
    this.#gpu = gpu;
    this.#options = options;
    this.state = {
      controls: tensor('sampling controls', [controlWords(rows)]),
      history: tensor('drawn ids', [rows, capacity]),
      historyLogProbs: tensor('drawn log-probabilities', [rows, capacity], 'f32'),
      lengths: tensor('drawn lengths', [rows]),
      ended: tensor('ended rows', [rows]),
      tokens: tensor('drawn tokens', [rows]),
      logProbs: tensor('drawn token log-probabilities', [rows], 'f32'),
      endIds: gpu.upload('inputs', 'end ids', [endIds.length], Uint32Array.from(endIds), 'u32'),
    };
  }

  /** u32 [rows] the token each slot drew last. */
  get tokens(): Tensor {
    return this.state.tokens;
  }

  /** Records one step: draws from `logits` [rows, vocab] and appends. */
  record(recorder: Recorder, logits: Tensor): void {
    const { rows, vocab, endIds } = this.#options;
    expectShape('Sampler logits', logits, [rows, vocab]);
    sampleTokens(recorder, logits, this.state, endIds[0]!);
  }

  /** Empties all decode slots, and sets how the next tokens are chosen and how many a slot may draw. */
  begin(settings: SamplingSettings, limit?: number): void {
    const { rows } = this.#options;
    const none = new Uint32Array(rows);
    this.#gpu.write(this.state.controls, encodeControls(settings, rows, limit));
    for (const tensor of [this.state.lengths, this.state.ended, this.state.tokens])
      this.#gpu.write(tensor, none);
  }

  /** Lets all decode slots rest until they are started. */
  park(): void {
    this.#gpu.write(this.state.ended, new Uint32Array(this.#options.rows).fill(CUT));
  }

  /** Empties a row, which goes on from `token` with random numbers of its own. */
  start(row: number, { token, stream }: { readonly token: number; readonly stream: number }): void {
    const { controls, tokens, lengths, ended } = this.state;
    this.#gpu.write(controls, Uint32Array.of(stream), CONTROLS.offsetOf('streams') + row);
    this.#gpu.write(tokens, Uint32Array.of(token), row);
    this.#gpu.write(lengths, Uint32Array.of(0), row);
    this.#gpu.write(ended, Uint32Array.of(0), row);
  }

  /** Whether each row rests: it drew an end id or met its limit. */
  async resting(): Promise<boolean[]> {
    return Array.from(await this.#gpu.readU32(this.state.ended), (flag) => flag !== 0);
  }

  /** The same, with the ids that one row has drawn, in one readback. */
  async restingAndDrawn(row: number): Promise<{ resting: boolean[]; ids: Uint32Array }> {
    const { history, lengths, ended } = this.state;
    const { rows, capacity } = this.#options;
    const words = await this.#gpu.readWords([
      { tensor: ended, first: 0, count: rows },
      { tensor: lengths, first: row, count: 1 },
      { tensor: history, first: row * capacity, count: capacity },
    ]);
    const resting = Array.from(words.subarray(0, rows), (flag) => flag !== 0);
    return { resting, ids: words.slice(rows + 1, rows + 1 + words[rows]!) };
  }

  /** The state of all decode slots, read back. */
  async read(): Promise<SampledRow[]> {
    const { history, historyLogProbs, lengths, ended } = this.state;
    const [ids, logProbs, counts, flags] = await Promise.all([
      this.#gpu.readU32(history),
      this.#gpu.read(historyLogProbs),
      this.#gpu.readU32(lengths),
      this.#gpu.readU32(ended),
    ]);
    const { rows, capacity } = this.#options;
    return Array.from({ length: rows }, (_, row) => {
      const [start, end] = [row * capacity, row * capacity + counts[row]!];
      return {
        ids: ids.slice(start, end),
        logProbs: logProbs.slice(start, end),
        ended: flags[row] === ENDED,
        rests: flags[row] !== 0,
      };
    });
  }

  [Symbol.dispose](): void {
    this.#gpu.free(...Object.values(this.state));
  }
}
