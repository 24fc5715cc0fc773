/** Forward and backward of a HumanOmni on a case's inputs, everything trained, with the intermediates it passes. */

import { WeightLoader } from '../../decoder/weights.ts';
import { slotTokens } from '../../families/api.ts';
import { poolPositions } from '../../families/humanomni/audio-projector.ts';
import { type Bert, bertFirstRows, uploadBertTokens } from '../../families/humanomni/bert.ts';
import { humanOmniConfig } from '../../families/humanomni/index.ts';
import { mediaTokens, openGateEncoder, openTowers, type Towers } from '../../families/humanomni/parts.ts';
import { patchGrid, siglipFeatures } from '../../families/humanomni/siglip.ts';
import { whisperFeatures } from '../../families/humanomni/whisper.ts';
import { weightSources } from '../../families/index.ts';
import { uploadSegments } from '../../families/shared/encoder-layer.ts';
import type { Tape, Tensor } from '../../gpu/index.ts';
import { mediaPlaces } from '../../rl/media/media-input.ts';
import type { ModelView, Policy } from '../../rl/policy/policy.ts';
import type { PassArrays } from '../../rl/update/pass-arrays.ts';
import type { Splice } from '../../rl/update/pass-inputs.ts';
import { type CasePass, type PassPlanOptions, recordPass } from './case-pass.ts';
import type { HumanOmniCase } from './humanomni-case.ts';

/** Records towers, projectors, decoder and loss over the case's inputs. */
export async function recordCase(
  policy: Policy,
  view: ModelView,
  inputs: HumanOmniCase,
  options: PassPlanOptions,
): Promise<CasePass> {
  const encoders = await loadEncoders(policy);
  const pass = await recordPass(policy.gpu, view, options, (tape, arrays, observe) =>
    recordMedia(tape, policy, view, encoders, inputs, arrays, options, observe),
  );
  return {
    ...pass,
    [Symbol.dispose]() {
      pass[Symbol.dispose]();
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
async function loadEncoders({ gpu, files, config: read }: Policy): Promise<Encoders> {
  const config = humanOmniConfig(read);
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
  const { gpu } = policy;
  const config = humanOmniConfig(policy.config);
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
  const tokens = mediaTokens(tape, view.media!, { vision, audio: pooled, question }, frames, observe);
  return groups.flatMap(({ prompt }, index) => {
    const places = Uint32Array.from(mediaPlaces(prompt, layout[index]!.promptStart));
    const video = slotTokens(prompt.video);
    const at = (label: string, part: Uint32Array): Tensor =>
      gpu.upload('inputs', label, [part.length], part, 'u32');
    return [
      { rows: tokens.video!, at: at('video places', places.slice(0, video)) },
      { rows: tokens.audio!, at: at('audio places', places.slice(video)) },
    ];
  });
}
