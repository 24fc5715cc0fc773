import { InputError } from '../math/errors.ts';
import type { ChatMessage, ChatTemplate } from './chat-template.ts';
import { encodeWithSentinels } from './sentinels.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What the prompt carries beside text. */
export interface PromptMedia {
  readonly video?: boolean;
  /** A single picture in place of a video. */
  readonly image?: boolean;
  readonly audio?: boolean;
}

/** The question of R1-Omni's training and inference. */
const R1_OMNI_QUESTION =
  'As an emotional recognition expert; throughout the video, which emotion conveyed by the characters is the most obvious to you?';
/** The request for thinking and answer tags. */
export const THINK_ANSWER_INSTRUCTION =
  'Output the thinking process in <think> </think> and final emotion in <answer> </answer> tags.';
/** The same of answers that are no emotions. */
const TEXT_INSTRUCTION =
  'Output the thinking process in <think> </think> and final answer in <answer> </answer> tags.';
/** The question of HumanOmni's evaluation scripts. */
const EVAL_QUESTION =
  'As an emotional recognition expert, in the video, when the characters display their emotions, which predominant feeling is most clearly expressed?';

/** A user turn and the text that BERT reads for the gate. */
export interface Prompt {
  readonly content: string;
  readonly gateText: string;
}

export interface PromptParts {
  readonly media: PromptMedia;
  /** Default: R1-Omni's question. The presets 'r1-omni' and 'eval' use the published one and ignore this. */
  readonly question?: string;
  /** Default: the think-and-answer instruction; '' for none (then no separator either). */
  readonly instruction?: string;
}

interface PresetRow {
  /** The question that is asked of clips whatever the settings say. */
  readonly fixed?: string;
  /** What stands between the question and the request for tags; absent where nothing is requested. */
  readonly separator?: string;
  /** The turn that asks it. */
  build(media: PromptMedia, text: string): Prompt;
}

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

/** A picture and a video in Qwen2-VL's own words. */
export const IMAGE_BLOCK = '<|vision_start|><|image_pad|><|vision_end|>';
export const VIDEO_BLOCK = '<|vision_start|><|video_pad|><|vision_end|>';

/** Every prompt this project can build, byte by byte; one string serves training and inference unless parity is wanted. */
export const PROMPT_PRESETS = {
  /** One prompt for training and inference; the gate reads the plain text. */
  canonical: {
    separator: '\n',
    build: plainPrompt,
  },
  /** The published GRPO prompt, with Qwen2-VL's video tokens in front and the fixed question. */
  'r1-omni': {
    fixed: R1_OMNI_QUESTION,
    separator: '\n',
    build: (media, text) => ({
      content: (media.video ? VIDEO_BLOCK : '') + mediaPrefix(media) + text,
      gateText: text,
    }),
  },
  /** The published inference prompt: two spaces before the instruction. */
  inference: {
    separator: '  ',
    build: plainPrompt,
  },
  /** The published cold-start prompt: three newlines after the tags, one space before the instruction. */
  sft: {
    separator: ' ',
    build: sftPrompt,
  },
  /** The published label-training prompt: as cold-start SFT, without the instruction. */
  'sft-label': {
    build: sftPrompt,
  },
  /** The published evaluation prompt: its own question, a newline, no instruction. For models that answer with the bare label. */
  eval: {
    fixed: `${EVAL_QUESTION}\n`,
    build: plainPrompt,
  },
} satisfies Record<string, PresetRow>;

export type PromptPreset = keyof typeof PROMPT_PRESETS;

/** What a preset asks of clips. */
export function presetText(
  preset: PromptPreset,
  { question = R1_OMNI_QUESTION, instruction = THINK_ANSWER_INSTRUCTION }: Omit<PromptParts, 'media'>,
): string {
  const { fixed, separator }: PresetRow = PROMPT_PRESETS[preset];
  return withRequest(fixed ?? question, separator, instruction);
}

/** What a preset makes of a question of text alone: the request for tags after it, unless it asks for them by itself. */
export function textQuestion(preset: PromptPreset, question: string): string {
  const { separator }: PresetRow = PROMPT_PRESETS[preset];
  return question.includes('<answer>') ? question : withRequest(question, separator, TEXT_INSTRUCTION);
}

const withRequest = (question: string, separator: string | undefined, instruction: string): string =>
  separator === undefined ? question : join(question, separator, instruction);

/** The user turn of a preset, and the gate's text. */
export function buildPrompt(preset: PromptPreset, { media, ...words }: PromptParts): Prompt {
  return PROMPT_PRESETS[preset].build(media, presetText(preset, words));
}

/** The user turn as the model sees it: rendered text, and ids with sentinels for the media. */
export interface EncodedPrompt {
  readonly rendered: string;
  readonly ids: readonly number[];
}

/**
 * Renders one user turn up to the opening of the answer, and tokenises it around the sentinels. Throws an InputError for a template
 * that leaves the turn out: every clip would be asked nothing.
 */
export function encodePrompt(tokenizer: Tokenizer, template: ChatTemplate, content: string): EncodedPrompt {
  const rendered = renderTurn(template, content);
  return { rendered, ids: encodeWithSentinels(rendered, (chunk) => tokenizer.encode(chunk)) };
}

/** One user turn without media, after a system's message where the template takes one. Throws as `encodePrompt` does. */
export function encodeTextPrompt(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  content: string,
  system?: string,
): EncodedPrompt {
  const rendered = renderTurn(template, content, system);
  return { rendered, ids: tokenizer.encode(rendered) };
}

/** The system's message, if it is taken, and the user's turn. */
function turnsOf(template: ChatTemplate, content: string, system?: string): ChatMessage[] {
  const user: ChatMessage = { role: 'user', content };
  if (system === undefined) return [user];
  const both: ChatMessage[] = [{ role: 'system', content: system }, user];
  return template.takes(both) ? both : [user];
}

function renderTurn(template: ChatTemplate, content: string, system?: string): string {
  const rendered = template.render(turnsOf(template, content, system));
  if (!rendered.includes(content.trim())) {
    const shown = rendered.length > 200 ? `${rendered.slice(0, 199)}…` : rendered;
    throw new InputError(
      `The chat template leaves the question out: it writes ${JSON.stringify(shown)}, expected a text with the user's turn in it.`,
      {
        hint: 'Use the chat_template of the published model, or remove it from the folder to use the default one.',
      },
    );
  }
  return rendered;
}

/**
 * Ids that SFT learns after the prompt: the answer, the end of its turn and the newline behind it, as the template
 * writes them (`answer<|im_end|>\n`). Everything before is context and carries no loss.
 */
export function encodeAnswer(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  { content, system }: { readonly content: string; readonly system?: string },
  answer: string,
): number[] {
  const turns = turnsOf(template, content, system);
  const opened = template.render(turns);
  const whole = template.render([...turns, { role: 'assistant', content: answer }], false);
  const target = whole.startsWith(opened) ? whole.slice(opened.length) : `${answer}<|im_end|>\n`;
  return tokenizer.encode(target);
}

/** What the template writes behind an assistant's turn; '' where it cannot be told. */
export function turnEnd(template: ChatTemplate): string {
  const answer = 'an-answer';
  const turns = [
    { role: 'user', content: 'a-question' },
    { role: 'assistant', content: answer },
  ] as const;
  const text = template.render(turns, false);
  const at = text.lastIndexOf(answer);
  return at < 0 ? '' : text.slice(at + answer.length);
}
