/** Settings of what is asked. */
import { choice, int, optionalText, text } from './fields.ts';

export const PROMPT_PRESETS = [
  ...(['canonical', 'r1-omni', 'erv', 'inference', 'sft', 'sft-label', 'eval'] as const),
  ...(['r1-v', 'video-r1'] as const),
] as const;

/** The question both published recipes ask (R1-Omni). */
export const DEFAULT_QUESTION =
  'As an emotional recognition expert; throughout the video, which emotion conveyed by the characters is the most obvious to you?';
/** The question of HumanOmni's evaluation scripts. */
const EVAL_QUESTION =
  'As an emotional recognition expert, in the video, when the characters display their emotions, which predominant feeling is most clearly expressed?';
/** Prompts that ask a question of their own, whatever the setting says and rows bring. */
export const FIXED_QUESTIONS: Partial<Record<(typeof PROMPT_PRESETS)[number], string>> = {
  'r1-omni': DEFAULT_QUESTION,
  eval: EVAL_QUESTION,
};

/** Whether a text is the JSON of an object. */
function isJsonObject(value: string): boolean {
  try {
    const read: unknown = JSON.parse(value);
    return typeof read === 'object' && read !== null && !Array.isArray(read);
  } catch {
    return false;
  }
}

export const promptFields = {
  promptPreset: choice({
    choices: PROMPT_PRESETS,
    default: 'canonical',
    group: 'Prompt',
    label: 'Prompt',
    help: 'How the question is put. All but canonical are published ones, byte by byte.',
    about: {
      canonical:
        'Media tags, the question, and on a line of its own the request for think and answer tags; the same in training and inference.',
      'r1-omni': "R1-Omni's GRPO: three extra vision tokens, and its own question for every clip.",
      erv: "ERV's: each row's own problem as it is, and nothing behind it.",
      inference: "R1-Omni's inference: two spaces before the request.",
      sft: "R1-Omni's cold start: three newlines after the tags, one space before the request.",
      'sft-label': 'The cold start without the request, for answers that are bare labels.',
      eval: "HumanOmni's own question for every clip and no request, for models that answer with the bare label.",
      'r1-v':
        "R1-V's: two spaces and a request for a number; of text alone its system message and the bare problem.",
      'video-r1':
        "Video-R1's request, and a sentence by each row's problem_type; rows of another type are left out and listed.",
    },
  }),
  question: text({
    default: DEFAULT_QUESTION,
    group: 'Prompt',
    label: 'Question',
    help: 'What the model is asked about rows that bring no question of their own. To ask one question of all rows, write it as the prompt template.',
  }),
  promptTemplate: optionalText({
    group: 'Prompt',
    label: 'Prompt template',
    help: "Writes the question in place of the prompt above, in Jinja: {{ question }} is the row's own, else the one above, {{ instruction }} the request for tags, {{ options }} the list of choices, and every column goes by its name ({{ columns['a name'] }} where that has blanks). A row that lacks what it writes is left out and listed. Empty: no template.",
  }),
  systemPrompt: optionalText({
    group: 'Prompt',
    label: 'System message',
    help: 'Stands before the question of rows that bring no system message of their own. Empty: none but that of the prompt or the chat template.',
  }),
  instruction: optionalText({
    group: 'Prompt',
    label: 'Request for tags',
    help: "Stands behind the question in place of the prompt's own request; prompts without a request have none. Empty: the prompt's own.",
  }),
  chatTemplateKwargs: optionalText({
    check: isJsonObject,
    expected: 'a JSON object',
    group: 'Prompt',
    label: 'Chat template settings',
    trl: 'chat_template_kwargs',
    help: 'What the model\'s chat template is told, as JSON: {"enable_thinking": false}. A row\'s column chat_template_kwargs says it for that row.',
  }),
  maxPromptLength: int({
    default: 0,
    min: 0,
    max: 1_000_000,
    unit: 'tokens',
    group: 'Prompt',
    label: 'Longest prompt',
    help: 'Rows whose prompt has more tokens are left out, and listed on the Data screen; prompts are never cut. 0: only what a pass on this device holds counts.',
  }),
};
