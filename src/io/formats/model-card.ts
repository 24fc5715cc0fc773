/** A reward as a model card tells it. */
export interface CardReward {
  readonly name: string;
  readonly weight: number;
  /** What it is: built in, a program or a model, with the hash of that. */
  readonly kind: string;
  /** A program, exactly. */
  readonly source?: string;
}

/** What a model card tells about a run. */
export interface RunFacts {
  readonly name: string;
  readonly baseModel: string;
  /** 'GRPO' or 'SFT'. */
  readonly method: string;
  readonly steps: number;
  readonly seed: number;
  /** What earned points, in the run's order; none of supervised training. */
  readonly rewards: readonly CardReward[];
  /** Settings that differ from their defaults, or all: shown as a table. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly dataset: {
    readonly name: string;
    readonly examples: number;
    readonly kind: 'clips' | 'questions';
    /** Of clips: what they may be. */
    readonly labels: readonly string[];
  };
  /** Held-out accuracy and the like; shares are written as they are. */
  readonly scores: Readonly<Record<string, number>>;
  readonly prompt: string;
  readonly chatTemplate: string;
  readonly studioVersion: string;
  /** True when the folder holds a PEFT adapter and not whole weights. */
  readonly isAdapter: boolean;
}

/** README.md of an exported model, with the front matter that model hubs read. */
export function modelCard(facts: RunFacts): string {
  const front = [
    '---',
    `base_model: ${yamlText(facts.baseModel)}`,
    `library_name: ${facts.isAdapter ? 'peft' : 'transformers'}`,
    `pipeline_tag: ${facts.dataset.kind === 'clips' ? 'video-text-to-text' : 'text-generation'}`,
    `tags: [${[facts.method.toLowerCase(), ...(facts.dataset.kind === 'clips' ? ['omni-modal'] : []), ...(facts.isAdapter ? ['lora'] : [])].join(', ')}]`,
    '---',
  ];
  const weights = facts.isAdapter ? 'a LoRA adapter for' : 'a fine-tuned copy of';
  return `${[
    ...front,
    '',
    `# ${plain(facts.name)}`,
    '',
    `This is ${weights} ${named(facts.baseModel)}, post-trained with ${facts.method} for ${facts.steps} steps (seed ${facts.seed}) ` +
      `by Omni GRPO Studio ${facts.studioVersion}, in a browser tab.`,
    '',
    '## Data',
    '',
    dataLine(facts.dataset),
    '',
    ...section('Scores', table(['score', 'value'], Object.entries(facts.scores))),
    ...section('Rewards', rewardLines(facts.rewards)),
    ...section('Settings', table(['setting', 'value'], Object.entries(facts.settings))),
    facts.dataset.kind === 'clips' ? '## Prompt' : '## Prompt of the first question',
    '',
    ...fenced(facts.prompt),
    '',
    'Chat template:',
    '',
    ...fenced(facts.chatTemplate),
  ].join('\n')}\n`;
}

function dataLine({ name, examples, kind, labels }: RunFacts['dataset']): string {
  const set = `${named(name)}: ${examples} ${kind}`;
  return kind === 'clips'
    ? `${set}, labels ${labels.map(plain).join(', ')}. The clips did not leave the machine.`
    : `${set} with their answers. They did not leave the machine.`;
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [`## ${title}`, '', ...rows, ''];
}

/** A row for each reward, then every program in full. */
function rewardLines(rewards: readonly CardReward[]): string[] {
  const rows = rewards.map(({ name, weight, kind }) => [name, weight, kind]);
  const programs = rewards.flatMap(({ name, source }) =>
    source === undefined ? [] : ['', `The program of ${plain(name)}:`, '', ...fenced(source)],
  );
  return [...table(['reward', 'weight', 'what it is'], rows), ...programs];
}

function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string[] {
  if (rows.length === 0) return [];
  const cell = (value: unknown) => plain(typeof value === 'string' ? value : inWords(value));
  return [
    `| ${head.join(' | ')} |`,
    `|${'---|'.repeat(head.length)}`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ];
}

/** A value as JSON; what JSON has no word for, such as a setting without a value, as "none". */
const inWords = (value: unknown): string => JSON.stringify(value) ?? 'none';

/** Characters that end a line or turn the direction of what follows. */
const STEERING = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;
/** What Markdown or HTML would take for more than text, wherever in a line it stands. */
const MARKUP = /[\\`*_[\]|~#!$]/g;
/** Bare addresses, which many renderers make links of. */
const ADDRESS = /:(?=\/\/)|@|(?<=www)\./gi;

/** Somebody else's words (a label, a file's name, a question) as one line that reads the same and does nothing. */
function plain(text: string): string {
  return text
    .replace(STEERING, ' ')
    .replace(MARKUP, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(ADDRESS, (character) => `&#${character.charCodeAt(0)};`);
}

/** A name: as code where nothing in it could end the code. */
function named(name: string): string {
  return /^[\w.\-/ ]+$/.test(name) ? `\`${name}\`` : plain(name);
}

/** A text in quotes that YAML and JSON read alike, without a character that HTML would mind. */
function yamlText(text: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(/[<>&\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escaped);
}

/** A code fence longer than any run of backticks in the text. */
function fenced(text: string): string[] {
  const runs = text.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return [`${fence}text`, text, fence];
}
