import { type FileTree, readJsonIfThere, readTextIfThere } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import { TooLong } from './bounded-interpreter.ts';
import { parseTemplate, renderTemplate } from './render-template.ts';
import { tokenContent } from './tokenizer.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Qwen2-VL's template for plain-text content, used when a checkpoint brings none. */
export const DEFAULT_TEMPLATE =
  "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}" +
  '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}' +
  "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}" +
  '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

/** What a template may be told beside the messages: `enable_thinking` and the like. */
export type TemplateVariables = Readonly<Record<string, unknown>>;

/** How a message's content is handed to a template: as a text, or as a list of parts that are a text each. */
type Form = (message: ChatMessage) => unknown;
const asText: Form = ({ content }) => content;
const asParts: Form = ({ content }) => [{ type: 'text', text: content }];
const FORMS: readonly Form[] = [
  asText,
  asParts,
  (message) => (message.role === 'assistant' ? message.content : asParts(message)),
];
const QUESTION = { role: 'user', content: 'a-question' } as const;
const ANSWER = { role: 'assistant', content: 'an-answer' } as const;
/** Characters of a template's own words that are passed on. */
const MOST_REASON = 300;

function reasonOf(cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return reason.length > MOST_REASON ? `${reason.slice(0, MOST_REASON - 1)}…` : reason;
}

/** Messages → the string that the model sees. `source` is stored with a run, so that training and inference agree. */
export class ChatTemplate {
  readonly source: string;
  private readonly template: ReturnType<typeof parseTemplate>;
  private readonly variables: Readonly<Record<string, unknown>>;
  private form: Form | undefined;

  constructor(source: string = DEFAULT_TEMPLATE, tokenizerConfig: Readonly<Record<string, unknown>> = {}) {
    this.source = source;
    try {
      this.template = parseTemplate(source);
    } catch (cause) {
      throw new InputError(`The chat template cannot be read: ${reasonOf(cause)}`, {
        hint: 'Remove chat_template from the folder to use the default one.',
        cause,
      });
    }
    const named = ['bos_token', 'eos_token', 'pad_token', 'unk_token'];
    this.variables = Object.fromEntries(named.map((key) => [key, tokenContent(tokenizerConfig[key]) ?? '']));
  }

  /**
   * From a model folder, the first of: chat_template.jinja, `chat_template` of tokenizer_config.json (a string, or a list
   * of named ones of which "default" is taken), chat_template.json; else the default.
   */
  static async load(folder: FileTree): Promise<ChatTemplate> {
    return (await ChatTemplate.loadIfThere(folder)) ?? new ChatTemplate(undefined, await configOf(folder));
  }

  /** The same; undefined where the folder brings none. */
  static async loadIfThere(folder: FileTree): Promise<ChatTemplate | undefined> {
    const config = await configOf(folder);
    const source =
      (await readTextIfThere(folder, 'chat_template.jinja')) ??
      templateText(config.chat_template) ??
      templateText((await readJsonIfThere(folder, 'chat_template.json'))?.chat_template);
    return source === undefined ? undefined : new ChatTemplate(source, config);
  }

  /** Renders; `addGenerationPrompt` ends with the opening of the assistant's turn. */
  render(
    messages: readonly ChatMessage[],
    addGenerationPrompt = true,
    variables: TemplateVariables = {},
  ): string {
    try {
      this.form ??= this.formTaken();
      return this.renderAs(this.form, messages, addGenerationPrompt, variables);
    } catch (cause) {
      throw new InputError(`The chat template failed on ${messages.length} message(s): ${reasonOf(cause)}`, {
        hint: 'Use the chat_template of the published model.',
        cause,
      });
    }
  }

  /** Whether every one of these messages is written. */
  takes(messages: readonly ChatMessage[]): boolean {
    this.form ??= this.formTaken();
    return this.writes(this.form, messages);
  }

  /** The first form of content of which the template writes question and answer, or else the question; a text where it writes neither. */
  private formTaken(): Form {
    return (
      FORMS.find((form) => this.writes(form, [QUESTION]) && this.writes(form, [QUESTION, ANSWER])) ??
      FORMS.find((form) => this.writes(form, [QUESTION])) ??
      asText
    );
  }

  private writes(form: Form, messages: readonly ChatMessage[]): boolean {
    try {
      const rendered = this.renderAs(form, messages, false);
      return messages.every(({ content }) => rendered.includes(content));
    } catch (error) {
      // What does not end with one form does not with another: no time is spent on these.
      if (error instanceof TooLong) throw error;
      return false;
    }
  }

  private renderAs(
    form: Form,
    messages: readonly ChatMessage[],
    addGenerationPrompt: boolean,
    variables: TemplateVariables = {},
  ): string {
    return renderTemplate(this.template, {
      ...this.variables,
      ...variables,
      messages: messages.map((message) => ({ role: message.role, content: form(message) })),
      add_generation_prompt: addGenerationPrompt,
    });
  }
}

const configOf = async (folder: FileTree): Promise<Readonly<Record<string, unknown>>> =>
  (await readJsonIfThere(folder, 'tokenizer_config.json')) ?? {};

function templateText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.filter(
    (item): item is { name: string; template: string } =>
      typeof item === 'object' && item !== null && typeof item.template === 'string',
  );
  return (named.find((item) => item.name === 'default') ?? named[0])?.template;
}
