/** A chat as the model sees it: rendered by its template, in tokens, and what the template begins the answer with. */
import { InputError } from '../math/errors.ts';
import type { ChatMessage, ChatTemplate, TemplateVariables } from './chat-template.ts';
import { encodeWithSentinels } from './sentinels.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What is said before the answer. */
export interface Chat {
  /** The last turn of the user. */
  readonly content: string;
  readonly system?: string;
  /** Turns between system and the last one. */
  readonly turns?: readonly ChatMessage[];
  /** What the template is told beside them. */
  readonly variables?: TemplateVariables;
}

/** The chat as the model sees it: rendered text, and ids with sentinels for the media. */
export interface EncodedPrompt {
  readonly rendered: string;
  readonly ids: readonly number[];
  /** What the template begins the answer with, as `<think>\n`; '' for nothing. The answer is sampled behind it. */
  readonly prefill: string;
  /** What the template does to this chat that its author may not expect, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Renders a chat up to the opening of the answer, and tokenises it around the sentinels. Throws an InputError for a template
 * that leaves a turn out: every row would be asked nothing.
 */
export function encodePrompt(tokenizer: Tokenizer, template: ChatTemplate, chat: Chat): EncodedPrompt {
  const prompt = renderChat(template, chat);
  const { rendered } = prompt;
  return { ...prompt, ids: encodeWithSentinels(rendered, (chunk) => tokenizer.encode(chunk)) };
}

/** A chat without media. Throws as `encodePrompt` does. */
export function encodeTextPrompt(tokenizer: Tokenizer, template: ChatTemplate, chat: Chat): EncodedPrompt {
  const prompt = renderChat(template, chat);
  return { ...prompt, ids: tokenizer.encode(prompt.rendered) };
}

/** The system's message, if it is taken, earlier turns, and the user's. */
function messagesOf(template: ChatTemplate, { content, system, turns = [] }: Chat): ChatMessage[] {
  const user: ChatMessage = { role: 'user', content };
  if (system === undefined) return [...turns, user];
  const said: ChatMessage = { role: 'system', content: system };
  return template.takes([said, user]) ? [said, ...turns, user] : [...turns, user];
}

/** A chat up to the answer, as text. @throws InputError where a turn is left out */
export function renderChat(template: ChatTemplate, chat: Chat): Omit<EncodedPrompt, 'ids'> {
  const messages = messagesOf(template, chat);
  const rendered = template.render(messages, true, chat.variables);
  const { content, system, turns = [] } = chat;
  if (!rendered.includes(content.trim())) throw leftOut(rendered, 'the question out', "the user's turn");
  const cut = turns.filter((turn) => !rendered.includes(turn.content.trim()));
  if (cut.some((turn) => !rendered.includes(withoutThinking(turn.content))))
    throw leftOut(rendered, 'an earlier turn out', 'all turns of the chat');
  const prefill = prefillIn(rendered, template.render(messages, false, chat.variables));
  const notes = [
    ...(system !== undefined && messages[0]?.role !== 'system'
      ? ['The chat template takes no system message: it is left out.']
      : []),
    ...(cut.length > 0 ? ['The chat template leaves out what earlier answers think.'] : []),
    ...(prefill === ''
      ? []
      : [
          `The chat template begins the answer with ${JSON.stringify(prefill)}: rewards and evaluation read it as part of the answer.`,
        ]),
  ];
  return { rendered, prefill, notes };
}

function leftOut(rendered: string, what: string, expected: string): InputError {
  const shown = rendered.length > 200 ? `${rendered.slice(0, 199)}…` : rendered;
  return new InputError(
    `The chat template leaves ${what}: it writes ${JSON.stringify(shown)}, expected a text with ${expected} in it.`,
    {
      hint: 'Use the chat_template of the published model, or remove it from the folder to use the default one.',
    },
  );
}

const THOUGHT = '</think>';
const withoutThinking = (content: string): string =>
  content.slice(content.lastIndexOf(THOUGHT) + (content.includes(THOUGHT) ? THOUGHT.length : 1)).trim();

/** How ChatML opens the assistant's turn. */
const OPENING = '<|im_start|>assistant\n';

/** What stands behind the opening of the assistant's turn: in ChatML all of it, else from the tag of thinking on. */
function prefillIn(opened: string, closed: string): string {
  if (!opened.startsWith(closed)) return '';
  const opening = opened.slice(closed.length);
  if (opening.startsWith(OPENING)) return opening.slice(OPENING.length);
  const at = opening.indexOf('<think>');
  return at < 0 ? '' : opening.slice(at);
}

/**
 * Ids that SFT learns after the prompt: the answer, the end of its turn and the newline behind it, as the template
 * writes them (`answer<|im_end|>\n`). Everything before is context and carries no loss, what the template begins the
 * answer with among it. @throws InputError for an answer that thinks behind thinking that the template has closed
 */
export function encodeAnswer(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  chat: Chat,
  answer: string,
): number[] {
  const messages = messagesOf(template, chat);
  const opened = template.render(messages, true, chat.variables);
  const whole = template.render([...messages, { role: 'assistant', content: answer }], false, chat.variables);
  if (whole.startsWith(opened)) return tokenizer.encode(whole.slice(opened.length));
  const prefill = prefillIn(opened, template.render(messages, false, chat.variables));
  return tokenizer.encode(`${behind(prefill, answer)}<|im_end|>\n`);
}

/** What is left to say of an answer that begins with `prefill`. */
function behind(prefill: string, answer: string): string {
  const begun = prefill.trim();
  if (begun === '') return answer;
  const said = answer.trimStart();
  if (said.startsWith(begun)) return said.slice(begun.length).replace(/^\n/, '');
  if (!begun.startsWith('<think>')) return answer;
  if (!begun.includes(THOUGHT)) return `\n${THOUGHT}\n\n${answer}`;
  if (!answer.includes('<think>')) return answer;
  throw new InputError(
    `The chat template closes the thinking before the answer (${JSON.stringify(prefill)}), but the answer to learn thinks.`,
    { hint: 'Let the template think (enable_thinking), or leave the thinking out of the answers.' },
  );
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
