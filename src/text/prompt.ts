/** How a question is put: the presets as data, and what they make of a question. */
import {
  EVAL_QUESTION,
  NUMBER_INSTRUCTION,
  PONDER_INSTRUCTION,
  R1_OMNI_QUESTION,
  R1_V_SYSTEM,
  TEXT_INSTRUCTION,
  THINK_ANSWER_INSTRUCTION,
  VIDEO_R1_TYPES,
} from './recipes.ts';

/** What the prompt carries beside text. */
export interface PromptMedia {
  readonly video?: boolean;
  /** A single picture in place of a video. */
  readonly image?: boolean;
  readonly audio?: boolean;
}

/** A user turn and the text that BERT reads for the gate. */
export interface Prompt {
  readonly content: string;
  readonly gateText: string;
}

export interface PromptParts {
  readonly media: PromptMedia;
  /** Default: R1-Omni's question. Presets of a fixed question ignore this. */
  readonly question?: string;
  /** Default: the preset's request for tags; '' for none (then no separator either). */
  readonly instruction?: string;
}

export interface PresetRow {
  /** The question that is asked of clips whatever settings and rows say. */
  readonly fixed?: string;
  /** What stands between the question and the request for tags; absent where nothing is requested. */
  readonly separator?: string;
  /** The request for tags; absent: R1-Omni's, of text alone with "answer" for "emotion". */
  readonly request?: string;
  /** What the request ends with, by the row's problem_type: a row of another one cannot be asked. */
  readonly types?: Readonly<Record<string, string>>;
  /** Of text alone, in place of the request: what stands before the question. */
  readonly textSystem?: string;
  /** Whether a row's choices stand behind its question: listed by the studio, as Video-R1 lists them, or not at all. */
  readonly options: 'listed' | 'video-r1' | 'none';
  /** The turn that asks it. */
  build(media: PromptMedia, text: string): Prompt;
}

/** A picture and a video in Qwen2-VL's own words. */
export const IMAGE_BLOCK = '<|vision_start|><|image_pad|><|vision_end|>';
export const VIDEO_BLOCK = '<|vision_start|><|video_pad|><|vision_end|>';

/** Media tags as the model was trained on them: wrapped, one a line. Nothing at all to see or hear leaves one newline. */
function mediaPrefix(media: PromptMedia): string {
  const picture = media.video
    ? '<vi_start><video><vi_end>\n'
    : media.image
      ? '<im_start><image><im_end>\n'
      : '';
  const sound = media.audio ? '<au_start><audio><au_end>\n' : '';
  return picture + sound || '\n';
}

function join(question: string, separator: string, instruction: string): string {
  return instruction === '' ? question : question + separator + instruction;
}

/** SFT of the reference cuts the tags out of the JSON's question but leaves their newlines behind. */
function strayNewlines(media: PromptMedia): string {
  return '\n'.repeat(Number(Boolean(media.video || media.image)) + Number(Boolean(media.audio)));
}

/** In SFT the gate reads the wrapped text without `<image>`, `<video>` and newlines; `<audio>` stays. */
function sftGateText(content: string): string {
  return content.replaceAll('<image>', '').replaceAll('<video>', '').replaceAll('\n', '');
}

const plainPrompt = (media: PromptMedia, text: string): Prompt => ({
  content: mediaPrefix(media) + text,
  gateText: text,
});

function sftPrompt(media: PromptMedia, text: string): Prompt {
  const content = mediaPrefix(media) + strayNewlines(media) + text;
  return { content, gateText: sftGateText(content) };
}

/** As Qwen2-VL's processor writes a video, then HumanOmni's tags. */
const videoPadPrompt = (media: PromptMedia, text: string): Prompt => ({
  content: (media.video ? VIDEO_BLOCK : '') + mediaPrefix(media) + text,
  gateText: text,
});

/** Every prompt this project can build, byte by byte; one string serves training and inference unless parity is wanted. */
export const PROMPT_PRESETS = {
  /** One prompt for training and inference; the gate reads the plain text. */
  canonical: {
    separator: '\n',
    options: 'listed',
    build: plainPrompt,
  },
  /** The published GRPO prompt, with Qwen2-VL's video tokens in front and the fixed question (R1-Omni, src/r1-v/src/open_r1/grpo.py). */
  'r1-omni': {
    fixed: R1_OMNI_QUESTION,
    separator: '\n',
    options: 'listed',
    build: videoPadPrompt,
  },
  /** ERV's GRPO prompt: the row's own problem as it is, which holds the request (ERV, src/r1-v/src/open_r1/grpo.py). */
  erv: {
    options: 'none',
    build: videoPadPrompt,
  },
  /** The published inference prompt: two spaces before the instruction. */
  inference: {
    separator: '  ',
    options: 'listed',
    build: plainPrompt,
  },
  /** The published cold-start prompt: three newlines after the tags, one space before the instruction. */
  sft: {
    separator: ' ',
    options: 'listed',
    build: sftPrompt,
  },
  /** The published label-training prompt: as cold-start SFT, without the instruction. */
  'sft-label': {
    options: 'listed',
    build: sftPrompt,
  },
  /** The published evaluation prompt: its own question, a newline, no instruction. For models that answer with the bare label. */
  eval: {
    fixed: `${EVAL_QUESTION}\n`,
    options: 'listed',
    build: plainPrompt,
  },
  /** R1-V's: two spaces and a request for a number; of text alone a system message and the bare problem (R1-V, src/r1-v/src/open_r1/grpo.py). */
  'r1-v': {
    separator: '  ',
    request: NUMBER_INSTRUCTION,
    textSystem: R1_V_SYSTEM,
    options: 'listed',
    build: plainPrompt,
  },
  /** Video-R1's, by the row's problem_type (Video-R1, src/r1-v/src/open_r1/grpo.py). */
  'video-r1': {
    separator: '\n',
    request: PONDER_INSTRUCTION,
    types: VIDEO_R1_TYPES,
    options: 'video-r1',
    build: plainPrompt,
  },
} satisfies Record<string, PresetRow>;

export type PromptPreset = keyof typeof PROMPT_PRESETS;

export const presetRow = (preset: PromptPreset): PresetRow => PROMPT_PRESETS[preset];

/** What a preset asks of clips. */
export function presetText(
  preset: PromptPreset,
  { question = R1_OMNI_QUESTION, instruction }: Omit<PromptParts, 'media'>,
): string {
  const { fixed, separator, request = THINK_ANSWER_INSTRUCTION } = presetRow(preset);
  return withRequest(fixed ?? question, separator, instruction ?? request);
}

/** The request of a preset, without what it asks by the type of a problem; '' where it requests nothing. */
export function requestOf(preset: PromptPreset, ofText: boolean): string {
  const { separator, request, textSystem } = presetRow(preset);
  if (separator === undefined || (ofText && textSystem !== undefined)) return '';
  return request ?? (ofText ? TEXT_INSTRUCTION : THINK_ANSWER_INSTRUCTION);
}

/**
 * A question with the request behind it. One that asks for answer tags by itself is asked as it is; of clips, R1-Omni's own
 * request at its end is put as the preset puts it.
 */
export function askWith(preset: PromptPreset, question: string, request: string, ofText: boolean): string {
  const { separator } = presetRow(preset);
  const bare = separator === undefined || ofText ? question : withoutRequest(question);
  return bare.includes('<answer>') ? question : withRequest(bare, separator, request);
}

/** A question without R1-Omni's request at its end. */
export function withoutRequest(question: string): string {
  const text = question.trimEnd();
  return text.endsWith(THINK_ANSWER_INSTRUCTION)
    ? text.slice(0, -THINK_ANSWER_INSTRUCTION.length).trimEnd()
    : question;
}

const withRequest = (question: string, separator: string | undefined, instruction: string): string =>
  separator === undefined ? question : join(question, separator, instruction);

/** The user turn of a preset, and the gate's text. */
export function buildPrompt(preset: PromptPreset, { media, ...words }: PromptParts): Prompt {
  return putText(preset, media, presetText(preset, words));
}

/** The user turn of a text, as a preset lays out the media before it. */
export const putText = (preset: PromptPreset, media: PromptMedia, text: string): Prompt =>
  presetRow(preset).build(media, text);
