import { type FileTree, readJsonIfThere, readTextIfThere } from '../io/files.ts';
import { InputError } from '../math/errors.ts';
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

/** Messages → the string that the model sees. `source` is stored with a run, so that training and inference agree. */
export class ChatTemplate {
  readonly source: string;
  private readonly template: ReturnType<typeof parseTemplate>;
  private readonly variables: Readonly<Record<string, unknown>>;

  constructor(source: string = DEFAULT_TEMPLATE, tokenizerConfig: Readonly<Record<string, unknown>> = {}) {
    this.source = source;
    try {
      this.template = parseTemplate(source);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InputError(`The chat template cannot be read: ${reason}`, {
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
    const config = (await readJsonIfThere(folder, 'tokenizer_config.json')) ?? {};
    const source =
      (await readTextIfThere(folder, 'chat_template.jinja')) ??
      templateText(config.chat_template) ??
      templateText((await readJsonIfThere(folder, 'chat_template.json'))?.chat_template);
    return new ChatTemplate(source, config);
  }

  /** Renders; `addGenerationPrompt` ends with the opening of the assistant's turn. */
  render(messages: readonly ChatMessage[], addGenerationPrompt = true): string {
    try {
      return renderTemplate(this.template, {
        ...this.variables,
        messages: messages.map((message) => ({ ...message })),
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InputError(`The chat template failed on ${messages.length} message(s): ${reason}`, {
        hint: 'Use the chat_template of the published model.',
        cause,
      });
    }
  }
}

function templateText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.filter(
    (item): item is { name: string; template: string } =>
      typeof item === 'object' && item !== null && typeof item.template === 'string',
  );
  return (named.find((item) => item.name === 'default') ?? named[0])?.template;
}
