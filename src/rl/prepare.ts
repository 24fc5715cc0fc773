import type { Example } from '../data/types.ts';
import type { ShownClip } from '../decoder/mrope.ts';
import type { RunPrompt, TextTools } from '../families/api.ts';
import type { Features } from '../families/shared/clip-encoder.ts';
import type { Mute } from '../protocol/messages.ts';
import { encodeAnswer } from '../text/encode-prompt.ts';
import { withoutRequest } from '../text/prompt.ts';
import type { AskedFeatures, GateText } from './media/gate.ts';
import { rewardRow } from './objective/reward-batch.ts';
import type { RunExample } from './run-context.ts';

/** Ids that supervised training learns for an example: its whole answer as the data set writes it, and the turn's end. */
export function answerIds(
  { tokenizer, template }: TextTools,
  prompt: RunPrompt,
  example: Example,
): Uint32Array {
  return Uint32Array.from(encodeAnswer(tokenizer, template, prompt, example.answer));
}

/** Where to find what the towers made of a clip, what they were shown, and what steers the gate when it is asked about. */
export interface ClipParts {
  readonly features: () => Promise<Features>;
  readonly shown?: readonly ShownClip[] | undefined;
  readonly gate?: GateText | undefined;
  /** Whether features are patches, for a tower inside the policy. */
  readonly unencoded?: boolean | undefined;
}

/** An example ready for training. */
export function prepareExample(
  text: TextTools,
  prompt: RunPrompt,
  example: Example,
  clip?: ClipParts,
): RunExample {
  const { id, label } = example;
  const question = ownQuestion(prompt, example);
  const said = {
    ...{ id, label, prompt: prompt.tokensOf(clip?.shown), answer: answerIds(text, prompt, example) },
    row: rewardRow(prompt, example),
    ...(question === undefined ? {} : { question }),
    ...(prompt.prefill === '' ? {} : { prefill: prompt.prefill }),
  };
  if (!clip) return said;
  const { gate } = clip;
  const features = async () => ({ ...(await featuresOf(clip)), ...(gate ? { gate } : {}) });
  return { ...said, features };
}

async function featuresOf({ features, shown, unencoded }: ClipParts): Promise<AskedFeatures> {
  const made = await features();
  if (!unencoded) return made;
  if (!made.vision || !shown) throw new Error('prepareExample: patches without what was shown.');
  return { patches: { rows: made.vision, shown } };
}

/** What a row asks by itself; undefined where all rows are asked it, and where its own question is not what is asked. */
function ownQuestion({ asked, isOwn }: RunPrompt, { question }: Example): string | undefined {
  if (question === null || !isOwn) return undefined;
  return asked.includes(withoutRequest(question)) ? question : undefined;
}

/**
 * The example with one sense replaced by what the towers make of nothing; another id, so that no cache mixes the two up. One that
 * has no place for the sense stays as it is.
 */
export function muteExample(example: RunExample, mute: Mute, nothing: Features): RunExample {
  const { prompt, features: load } = example;
  if (!load || !prompt[mute]) return example;
  const features = async () => {
    const own = await load();
    // Frames of nothing are alike: a picture has one of them.
    const vision = nothing.vision?.subarray(0, own.vision?.length);
    return { ...own, ...(mute === 'audio' ? { audio: nothing.audio } : { vision }) };
  };
  return { ...example, id: `${example.id} without ${mute}`, clipId: example.id, features };
}
