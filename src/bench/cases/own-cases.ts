/** Our engine against its own plain ways: what packing, shared prompts and grouped decoding save. */

import { decode, type Qwen2, type Qwen2Config } from '../../decoder/qwen2.ts';
import { layoutGroups, type PackedRows, packRows } from '../../decoder/rows.ts';
import { type Gpu, Tape } from '../../gpu/index.ts';
import { type Cost, passCost, rolloutCost } from '../../rl/measure/cost-model.ts';
import type { TokenGroup } from '../../rl/update/pass-arrays.ts';
import type { Comparison } from '../comparison.ts';
import type { Contestant } from '../timing.ts';
import { configOf } from './blocks.ts';
import { uploadRows } from './causal-rows.ts';
import { costShape, NO_REFERENCE, perUnit, sumCosts } from './costs.ts';
import { decodeRows } from './decode-rows.ts';
import { makeGroups, recordLossPass } from './loss-pass.ts';
import { freeAll, plannedContestant, uploaded } from './planned.ts';
import { randomData } from './random-data.ts';
import { randomDecoder } from './random-decoder.ts';
import { DEMO, type DecoderShape, QWEN } from './shapes.ts';

/** Completions of one prompt. */
const GROUP = 8;

interface OwnCase {
  readonly kernel: string;
  readonly shape: string;
  readonly peer: string;
  readonly config: Qwen2Config;
  readonly trained: boolean;
  /** Of one computation, per unit, our way. */
  readonly cost: Cost;
  /** Makes our way, or the plain one it is compared with. */
  readonly make: (gpu: Gpu, decoder: Qwen2, plain: boolean) => Promise<Contestant>;
}

/** Both ways share one decoder; the plain one is disposed of last. */
function ownComparison({ kernel, shape, peer, config, trained, cost, make }: OwnCase): Comparison {
  const open: Comparison['open'] = async (gpu) => {
    const { decoder, free } = randomDecoder(gpu, config, trained);
    const plain = async (): Promise<Contestant> => {
      const contestant = await make(gpu, decoder, true);
      const dispose = (): void => {
        contestant.dispose();
        free();
      };
      return { ...contestant, dispose };
    };
    return { ours: await make(gpu, decoder, false), peers: { [peer]: plain } };
  };
  return { kernel, shape, peers: [peer], cost, open };
}

/** The prompt again in front of every completion. */
const unpacked = (groups: readonly TokenGroup[]): TokenGroup[] =>
  groups.flatMap(({ prompt, completions }) => completions.map((ids) => ({ prompt, completions: [ids] })));

/** A loss pass, forward and backward, over one group; log-probabilities are compared. */
function packingCase(
  kernel: string,
  shape: DecoderShape,
  layers: number,
  vocabSize: number,
  length: number,
): Comparison {
  const promptTokens = 4 * length;
  const config = { ...configOf(shape, promptTokens + length, layers), vocabSize };
  const completions = Array<number>(GROUP).fill(length);
  const parts = passCost(costShape(config, true), [{ prompt: promptTokens, completions }], NO_REFERENCE);
  return ownComparison({
    kernel,
    shape: `${shape.name} ${layers} layer, P ${promptTokens}, C ${length}, G ${GROUP}`,
    peer: 'unpacked',
    config,
    trained: true,
    cost: sumCosts([parts.forward, parts.backward]),
    make: (gpu, decoder, plain) => {
      const packed = makeGroups({ prompts: 1, group: GROUP, promptTokens, length });
      const { tape, logProbs } = recordLossPass(gpu, decoder, plain ? unpacked(packed) : packed);
      return plannedContestant(gpu, 'loss pass', () => logProbs, tape);
    },
  });
}

/** A forward over packed rows. */
async function forward(gpu: Gpu, decoder: Qwen2, rows: PackedRows): Promise<Contestant> {
  const shape = [rows.capacity, decoder.config.hiddenSize];
  const x = uploaded(gpu, 'x', shape, randomData(shape, 5));
  const tensors = uploadRows(gpu, rows);
  const tape = Tape.on(gpu);
  const contestant = await plannedContestant(
    gpu,
    'forward',
    () => tape.constant(() => decode(tape, decoder, x, tensors, { adapters: false })),
    tape,
  );
  const dispose = (): void => {
    contestant.dispose();
    freeAll(gpu, [x, ...Object.values(tensors)]);
  };
  return { ...contestant, dispose };
}

/** One prompt whose keys all completions share, against the prompt once for each. The first hidden states are compared. */
function prefillCase(shape: DecoderShape, layers: number, promptLength: number): Comparison {
  const config = configOf(shape, promptLength, layers);
  const group = { prompt: promptLength, completions: [] };
  const { forward: cost } = passCost(costShape({ ...config, vocabSize: 0 }, false), [group], NO_REFERENCE);
  return ownComparison({
    kernel: 'prefill shared prompt',
    shape: `${shape.name} ${layers} layer, P ${promptLength}, G ${GROUP}`,
    peer: 'unpacked',
    config,
    trained: false,
    cost,
    make: (gpu, decoder, plain) => {
      const prompts = Array.from({ length: plain ? GROUP : 1 }, () => ({
        promptLength,
        completionLengths: [],
      }));
      const layout = layoutGroups(prompts);
      return forward(gpu, decoder, packRows(layout, layout.at(-1)!.end));
    },
  });
}

/** A decode step; a unit is a token of one slot. Logits of the first slot are compared. */
async function decodeOnce(gpu: Gpu, decoder: Qwen2, rows: number, promptLength: number): Promise<Contestant> {
  const contestant = await decodeRows(gpu, decoder, { rows, promptLength });
  const result = async (): Promise<Float32Array> =>
    (await contestant.result()).slice(0, decoder.config.vocabSize);
  return { ...contestant, result, units: rows };
}

/** Milliseconds a token of decoding G completions at once, against one. */
function decodeCase(shape: DecoderShape, layers: number, promptLength: number): Comparison {
  const config = configOf(shape, promptLength + 1, layers);
  const group = { prompt: promptLength + 1, completions: Array<number>(GROUP).fill(1) };
  const { decode: step } = rolloutCost(costShape(config, false), [group], { rows: GROUP });
  return ownComparison({
    kernel: 'decode ms a token',
    shape: `${shape.name} ${layers} layers, ${promptLength} keys`,
    peer: 'g8-over-g1',
    config,
    trained: false,
    cost: perUnit(step, GROUP),
    make: (gpu, decoder, plain) => decodeOnce(gpu, decoder, plain ? 1 : GROUP, promptLength),
  });
}

/** One layer of Qwen2.5-0.5B for its 24, and as much of its vocabulary: head and layers weigh as in the whole model. */
const VOCABULARY_A_LAYER = Math.round(151_936 / 24 / 4) * 4;

/**
 * Next to no head, which packing spares nothing: it scores completions only, once each, in either way. By counting, packing at
 * P : C = 4 : 1 and G = 8 saves 3.33 times the layers' work, and with the head 2.9 times.
 */
const FEW_WORDS = 128;

export function ownComparisons(): Comparison[] {
  return [
    packingCase('packing loss pass', QWEN, 1, FEW_WORDS, 16),
    packingCase('whole loss pass', QWEN, 1, VOCABULARY_A_LAYER, 16),
    packingCase('whole loss pass', DEMO, 2, 384, 32),
    prefillCase(DEMO, 2, 128),
    prefillCase(DEMO, 2, 512),
    prefillCase(QWEN, 1, 16),
    prefillCase(QWEN, 1, 64),
    decodeCase(QWEN, 2, 256),
  ];
}
