/** What a model card tells about a run. */
export interface RunFacts {
  readonly name: string;
  readonly baseModel: string;
  /** 'GRPO' or 'SFT'. */
  readonly method: string;
  readonly steps: number;
  readonly seed: number;
  /** Settings that differ from their defaults, or all: shown as a table. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly dataset: { readonly name: string; readonly examples: number; readonly labels: readonly string[] };
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
    `base_model: ${JSON.stringify(facts.baseModel)}`,
    `library_name: ${facts.isAdapter ? 'peft' : 'transformers'}`,
    'pipeline_tag: video-text-to-text',
    `tags: [${[facts.method.toLowerCase(), 'omni-modal', ...(facts.isAdapter ? ['lora'] : [])].join(', ')}]`,
    '---',
  ];
  const weights = facts.isAdapter ? 'a LoRA adapter for' : 'a fine-tuned copy of';
  return `${[
    ...front,
    '',
    `# ${facts.name}`,
    '',
    `This is ${weights} \`${facts.baseModel}\`, post-trained with ${facts.method} for ${facts.steps} steps (seed ${facts.seed}) ` +
      `by Omni GRPO Studio ${facts.studioVersion}, in a browser tab.`,
    '',
    '## Data',
    '',
    `\`${facts.dataset.name}\`: ${facts.dataset.examples} clips, labels ${facts.dataset.labels.join(', ')}. The clips did not leave the machine.`,
    '',
    ...section('Scores', table(['score', 'value'], Object.entries(facts.scores))),
    ...section('Settings', table(['setting', 'value'], Object.entries(facts.settings))),
    '## Prompt',
    '',
    ...fenced(facts.prompt),
    '',
    'Chat template:',
    '',
    ...fenced(facts.chatTemplate),
  ].join('\n')}\n`;
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [`## ${title}`, '', ...rows, ''];
}

function table(head: readonly [string, string], rows: readonly (readonly [string, unknown])[]): string[] {
  if (rows.length === 0) return [];
  const cell = (value: unknown) =>
    (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('|', '\\|').replaceAll('\n', ' ');
  return [
    `| ${head.join(' | ')} |`,
    '|---|---|',
    ...rows.map(([key, value]) => `| ${cell(key)} | ${cell(value)} |`),
  ];
}

/** A code fence longer than any run of backticks in the text. */
function fenced(text: string): string[] {
  const runs = text.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return [`${fence}text`, text, fence];
}
