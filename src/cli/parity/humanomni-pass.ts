/** Forward and backward of a HumanOmni on a case's inputs, everything trained, with the intermediates it passes. */
import { Arena, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import { poolPositions } from '../../models/audio-projector.ts';
import { type Bert, bertFirstRows, uploadBertTokens } from '../../models/bert.ts';
import { uploadSegments } from '../../models/encoder.ts';
import {
  mediaTokens,
  openGateEncoder,
  openTowers,
  type Towers,
  weightSources,
} from '../../models/humanomni.ts';
import { patchGrid, siglipFeatures } from '../../models/siglip.ts';
import { WeightLoader } from '../../models/weights.ts';
import { whisperFeatures } from '../../models/whisper.ts';
import { gatherRows } from '../../ops/gather-rows.ts';
import { headLogits } from '../../ops/head.ts';
import { lossBatchTensor, recordLoss, recordNll } from '../../rl/loss.ts';
import { encodeLossBatch, encodeNllBatch, type LossCompletion } from '../../rl/loss-batch.ts';
import type { LossConfig } from '../../rl/loss-config.ts';
import { mediaPlaces } from '../../rl/media-input.ts';
import { type PassArrays, packPass, passSize, type TokenGroup } from '../../rl/pass-arrays.ts';
import { PassInputs, type Splice, scoreTokens, type TokenScores } from '../../rl/pass-inputs.ts';
import type { ModelView, Policy } from '../../rl/policy.ts';
import type { HumanOmniCase } from './humanomni-case.ts';

export interface PassPlanOptions {
  readonly groups: readonly TokenGroup[];
  /** 'nll', or the GRPO loss whose reference log-probabilities are given per prediction. */
  readonly objective: 'nll' | { readonly config: LossConfig; readonly reference?: Float32Array };
  readonly advantages: readonly number[];
  readonly backward: boolean;
  /** Compute each layer again in the backward pass. */
  readonly checkpoint?: boolean;
}

/** One recorded pass over a case, ready to run several times. */
export interface CasePass {
  /** Runs it and reads what was observed, by name, with `logProbs` and `loss` (the loss's result words). */
  run(): Promise<ReadonlyMap<string, Float32Array>>;
  readonly arrays: PassArrays;
  [Symbol.dispose](): void;
}

/** Records towers, projectors, decoder and loss over the case's inputs. */
export async function recordCase(
  policy: Policy,
  view: ModelView,
  inputs: HumanOmniCase,
  options: PassPlanOptions,
): Promise<CasePass> {
  const { gpu } = policy;
  const size = passSize(options.groups);
  const arrays = packPass(options.groups, size);
  const buffers = new PassInputs(gpu, size);
  buffers.write(arrays, 1);
  const tape = new Tape();
  const observed = new Map<string, Tensor>();
  const observe = (name: string, tensor: Tensor): void => {
    if (!observed.has(name)) observed.set(name, tape.recorder.keep(tensor));
  };
  const encoders = await loadEncoders(policy);
  const splices = await recordMedia(tape, policy, view, encoders, inputs, arrays, options, observe);
  const scores = scoreTokens(tape, view.decoder, buffers, splices, {
    adapters: view.adapters,
    checkpoint: options.checkpoint ?? false,
    observe,
  });
  observe('logProbs', scores.logProbs);
  const hidden = observed.get('decoder_hidden_last')!;
  const last = gpu.upload('inputs', 'last', [1], Uint32Array.of(inputs.prompt.ids.length - 1), 'u32');
  const lastHidden = tape.constant(() => gatherRows(tape, hidden, last));
  observe('prompt_logits_last', headLogits(tape.recorder, lastHidden, view.decoder.head));
  recordObjective(tape, policy, scores, arrays, options, observe);
  const arena = new Arena(gpu, 'case');
  const plan = await Plan.create(gpu, 'case', tape.recorder, arena);
  return {
    arrays,
    async run() {
      await plan.run();
      const values = new Map<string, Float32Array>();
      for (const [name, tensor] of observed) values.set(name, await gpu.read(plan.output(tensor)));
      return values;
    },
    [Symbol.dispose]() {
      plan[Symbol.dispose]();
      arena[Symbol.dispose]();
      buffers[Symbol.dispose]();
      encoders.loader[Symbol.dispose]();
    },
  };
}

interface Encoders {
  readonly towers: Towers;
  readonly bert: Bert;
  readonly loader: WeightLoader;
}

/** Towers and BERT as the checkpoint has them. */
async function loadEncoders({ gpu, files, config }: Policy): Promise<Encoders> {
  const loader = new WeightLoader(gpu, weightSources(files));
  const towers = openTowers(loader.open, config);
  const bert = openGateEncoder(loader.open, config);
  await loader.load();
  return { towers, bert, loader };
}

async function recordMedia(
  tape: Tape,
  policy: Policy,
  view: ModelView,
  { towers, bert }: Encoders,
  inputs: HumanOmniCase,
  { layout }: PassArrays,
  { groups }: PassPlanOptions,
  observe: (name: string, tensor: Tensor) => void,
): Promise<Splice[]> {
  const { gpu, config } = policy;
  const { arrays } = inputs;
  const frames = arrays.info('pixel_values').shape[0]!;
  const upload = async (name: string): Promise<Tensor> =>
    gpu.upload('inputs', name, arrays.info(name).shape, await arrays.float32(name));
  const pictures = uploadSegments(gpu, 'vision', frames, patchGrid(config.vision) ** 2);
  const pixels = await upload('pixel_values');
  const vision = tape.constant(() => siglipFeatures(tape, towers.vision, pixels, pictures));
  observe('vision_hidden', vision);
  const sound = uploadSegments(gpu, 'audio', 1, towers.audio!.config.positions);
  const mel = await upload('input_features');
  const audio = tape.constant(() => whisperFeatures(tape, towers.audio!, mel, sound));
  observe('audio_hidden', audio);
  const question = bertFirstRows(
    tape,
    view.bert ?? bert,
    uploadBertTokens(gpu, [await arrays.integers('bert_ids')]),
  );
  observe('bert_cls', question);
  const pooled = tape.constant(() => poolPositions(tape, audio));
  const tokens = mediaTokens(tape, view.media, { vision, audio: pooled, question }, frames, observe);
  return groups.flatMap(({ prompt }, index) => {
    const places = Uint32Array.from(mediaPlaces(prompt, layout[index]!.promptStart));
    const video = prompt.video!.count;
    const at = (label: string, part: Uint32Array): Tensor =>
      gpu.upload('inputs', label, [part.length], part, 'u32');
    return [
      { rows: tokens.video!, at: at('video places', places.slice(0, video)) },
      { rows: tokens.audio!, at: at('audio places', places.slice(video)) },
    ];
  });
}

function recordObjective(
  tape: Tape,
  { gpu }: Policy,
  scores: TokenScores,
  arrays: PassArrays,
  options: PassPlanOptions,
  observe: (name: string, tensor: Tensor) => void,
): void {
  const { objective, advantages, backward } = options;
  const completions: LossCompletion[] = arrays.starts.map((start, index) => ({
    start,
    length: arrays.lengths[index]!,
    advantage: advantages[index] ?? 0,
  }));
  const tokens = arrays.lengths.reduce((sum, length) => sum + length, 0);
  const batch = lossBatchTensor(gpu, completions.length);
  if (objective === 'nll') gpu.write(batch, encodeNllBatch(completions, tokens));
  else
    gpu.write(
      batch,
      encodeLossBatch(objective.config, { completions, accumulation: 1, tokensInBatch: tokens }),
    );
  const reference =
    objective !== 'nll' && objective.reference
      ? gpu.upload('inputs', 'reference', [tokens], objective.reference)
      : undefined;
  const loss =
    objective === 'nll'
      ? recordNll(tape.recorder, scores, batch)
      : recordLoss(
          tape.recorder,
          objective.config,
          { ...scores, ...(reference ? { refLogProbs: reference } : {}) },
          batch,
        );
  observe('loss', loss.result);
  if (backward) tape.backward([[scores.logProbs, loss.dLogProbs]]);
}
