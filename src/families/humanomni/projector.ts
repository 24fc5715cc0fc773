/** HumanOmni's video projector: three projections of the same features, mixed by a gate that reads the question. */

import { Fields, type Json } from '../../decoder/fields.ts';
import type { Weights } from '../../decoder/weights.ts';
import { expectShape, reshape, type Tape, type Tensor } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import { softmaxRows } from '../../ops/attention/softmax.ts';
import { gelu, silu } from '../../ops/elementwise.ts';
import { mixBranches } from '../../ops/vision/mix.ts';
import { halveMaps } from '../../ops/vision/pool.ts';
import { unfold } from '../../ops/vision/unfold.ts';
import { applyLinear, type Linear, type Observe, openLinear } from '../shared/encoder-layer.ts';
import { openRegStage, type RegBlock, regStage } from './reg-stage.ts';

const PREFIX = 'model.mm_projector';
/** Width of the gate's hidden layer, the same in every published size. */
const GATE_WIDTH = 3584;

interface ProjectorKind {
  /** Blocks of each stage. */
  readonly depth: number;
  /** Zeros above and left of the map in the sampling convolution. */
  readonly padding: 0 | 1;
}

const KINDS: Readonly<Record<string, ProjectorKind>> = {
  all_in_one_small: { depth: 2, padding: 0 },
  all_in_one: { depth: 4, padding: 1 },
};

export interface ProjectorConfig extends ProjectorKind {
  readonly type: string;
  /** Width of the vision tower's features. */
  readonly inputs: number;
  /** Width of the decoder's tokens. */
  readonly width: number;
  /** Width of the row that the gate reads. */
  readonly gateInputs: number;
}

interface Mlp {
  readonly first: Linear;
  readonly second: Linear;
}

interface Branch {
  readonly stage1: readonly RegBlock[];
  /** The 2×2×2 convolution as a matrix, [width, width·8]. */
  readonly sampler: Linear;
  readonly stage2: readonly RegBlock[];
  readonly readout: Mlp;
}

export interface Projector {
  readonly config: ProjectorConfig;
  readonly video: Branch;
  readonly body: Branch;
  readonly face: Mlp;
  readonly gate: Mlp;
}

/**
 * Reads the projector's part of a HumanOmni config.json; `gateInputs` is BERT's width.
 * Throws an InputError for projector types whose outputs the fusion cannot use.
 */
export function parseProjectorConfig(json: Json, gateInputs: number, label = 'config.json'): ProjectorConfig {
  const type = String(json.mm_projector_type ?? 'linear');
  const kind = KINDS[type];
  if (!kind) {
    throw new InputError(
      `${label}: mm_projector_type is "${type}", expected ${Object.keys(KINDS).join(' or ')}.`,
      { hint: 'Only these two make the three branches that HumanOmni mixes; use another checkpoint.' },
    );
  }
  const fields = new Fields(json, label);
  return {
    ...kind,
    type,
    inputs: fields.count('mm_hidden_size'),
    width: fields.count('hidden_size'),
    gateInputs,
  };
}

function openMlp(open: Weights, name: string, inputs: number, hidden: number, outputs: number): Mlp {
  return {
    first: openLinear(open, `${name}.0`, [hidden, inputs]),
    second: openLinear(open, `${name}.2`, [outputs, hidden]),
  };
}

const applyMlp = (tape: Tape, x: Tensor, { first, second }: Mlp): Tensor =>
  applyLinear(tape, gelu(tape, applyLinear(tape, x, first), 'erf'), second);

function openBranch(open: Weights, name: string, config: ProjectorConfig): Branch {
  const { depth, inputs, width } = config;
  const kernel = open(`${PREFIX}.sampler_${name}.0.weight`, [width, width, 2, 2, 2]);
  return {
    stage1: openRegStage(open, `${PREFIX}.s1_${name}`, depth, inputs, width),
    sampler: {
      weight: reshape(kernel, [width, width * 8]),
      bias: open(`${PREFIX}.sampler_${name}.0.bias`, [width]),
    },
    stage2: openRegStage(open, `${PREFIX}.s2_${name}`, depth, width, width),
    readout: openMlp(open, `${PREFIX}.readout_${name}`, width, width, width),
  };
}

/** Opens the tensors of projector and gate. */
export function openProjector(open: Weights, config: ProjectorConfig): Projector {
  const { inputs, width, gateInputs } = config;
  return {
    config,
    video: openBranch(open, 'video', config),
    body: openBranch(open, 'body', config),
    face: openMlp(open, `${PREFIX}.mlp_2xgelu_face`, inputs, width, width),
    gate: openMlp(open, 'model.bert_gate', gateInputs, GATE_WIDTH, 3),
  };
}

/**
 * Side of the sampled map. Throws an InputError where it differs from the face branch's, whose rows could then not be
 * mixed: all_in_one_small needs an even side, all_in_one an odd one.
 */
export function sampledSide({ type, padding }: ProjectorConfig, side: number): number {
  const sampled = Math.floor((side + 2 * padding - 2) / 2) + 1;
  const pooled = Math.ceil(side / 2);
  if (sampled === pooled) return sampled;
  throw new InputError(
    `${type}: maps of ${side} x ${side} patches become ${sampled} x ${sampled} in one branch and ${pooled} x ${pooled} in another.`,
    { hint: `${type} needs an ${padding === 0 ? 'even' : 'odd'} number of patches to a side.` },
  );
}

function branchTokens(tape: Tape, branch: Branch, map: Tensor, config: ProjectorConfig): Tensor {
  const [frames, side] = map.shape as [number, number];
  const { padding, width } = config;
  const half = sampledSide(config, side);
  const windows = unfold(tape, regStage(tape, map, branch.stage1), {
    kernel: [2, 2, 2],
    stride: [1, 2, 2],
    padding: [1, padding, padding],
    // One frame more would fit; the published forward drops it, so that a token sees its own frame and the one before.
    output: [frames, half, half],
  });
  const sampled = silu(tape, applyLinear(tape, windows, branch.sampler));
  const mixed = regStage(tape, reshape(sampled, [frames, half, half, width]), branch.stage2);
  return applyMlp(tape, reshape(mixed, [frames * half * half, width]), branch.readout);
}

/** Probabilities of the branches video, body, face: [3], from the question's row [1, gateInputs]. */
export function branchProbabilities(
  tape: Tape,
  { gate }: Projector,
  question: Tensor,
  observe?: Observe,
): Tensor {
  expectShape('branchProbabilities question', question, [1, -1]);
  const probabilities = reshape(softmaxRows(tape, applyMlp(tape, question, gate)), [3]);
  observe?.('branch_probs', probabilities);
  return probabilities;
}

/**
 * Video tokens of one clip: features [T·side², inputs] of the vision tower and branch probabilities [3] →
 * [T·ceil(side/2)², width], ordered by frame, row, column.
 */
export function videoTokens(
  tape: Tape,
  projector: Projector,
  features: Tensor,
  frames: number,
  probabilities: Tensor,
  observe?: Observe,
): Tensor {
  const { config, video, body, face } = projector;
  const { inputs, width } = config;
  const side = Math.round(Math.sqrt(features.shape[0]! / frames));
  expectShape('videoTokens features', features, [frames * side * side, inputs]);
  const map = reshape(features, [frames, side, side, inputs]);
  const [videoRows, bodyRows] = [video, body].map((branch) => branchTokens(tape, branch, map, config)) as [
    Tensor,
    Tensor,
  ];
  const faceRows = applyMlp(tape, features, face);
  const pooled = halveMaps(tape, reshape(faceRows, [frames, side, side, width]));
  const tokens = mixBranches(tape, [videoRows, bodyRows, reshape(pooled, videoRows.shape)], probabilities);
  const seen = { proj_video: videoRows, proj_body: bodyRows, proj_face: faceRows, face_pooled: pooled };
  for (const [name, tensor] of Object.entries(seen)) observe?.(name, tensor);
  observe?.('video_tokens', tokens);
  return tokens;
}
