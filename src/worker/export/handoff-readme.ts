import type { Handoff } from '../../families/api.ts';
import { familyOf } from '../../families/index.ts';
import type { Config } from '../../protocol/config.ts';
import { lostSettings, optimizerSteps } from '../../protocol/trl-settings.ts';
import { MOST_DEALS } from './handoff-data.ts';
import { nodeLines } from './own-rewards.ts';
import { modelLines } from './reward-models.ts';
import { twinLines } from './twin.ts';

export interface ReadmeFacts {
  readonly baseModel: string;
  readonly family: string;
  readonly config: Config;
  readonly step: number;
  readonly dataSet: string;
  /** Steps whose clips are written in order. */
  readonly dealtSteps: number;
  /** Whether the clips are in the bundle; absent where the data have none. */
  readonly clips?: boolean;
  /** What of the prompts other trainers do otherwise. */
  readonly chats: {
    /** What the chat template begins some answers with; '' for nothing. */
    readonly prefill: string;
    /** Whether some rows have a system message or earlier turns. */
    readonly turns: boolean;
    /** Whether some rows tell the chat template something by themselves. */
    readonly variables: boolean;
  };
  /** What is said of reward models whose files are not in the bundle. */
  readonly missing?: readonly string[];
  /** Folder of the TRL checkpoint; else why there is none. */
  readonly checkpoint: { readonly folder: string } | { readonly problem: string };
}

/** README.md of the hand-off bundle: what this is, and a command for each trainer. */
export function handoffReadme(facts: ReadmeFacts): string {
  const { baseModel, config, step, dataSet, clips } = facts;
  const { handoff } = familyOf(facts.family);
  return `${[
    `# ${baseModel} after ${step} steps, to be gone on with`,
    '',
    `A ${config.stage.toUpperCase()} run of Omni GRPO Studio on the data set \`${dataSet}\`. Steps are counted as the optimizer's here: ` +
      `${optimizerSteps(config, step)} of ${optimizerSteps(config, config.steps)}. \`manifest.json\` has the hash of every file.`,
    '',
    ...clipLines(clips),
    ...(handoff.blindInTrl
      ? [
          'Every launcher that would train without the clips says so and stops, unless it is told that this is meant.',
          '',
        ]
      : []),
    ...(handoff.shownByR1Omni
      ? [`## R1-Omni: ${handoff.shownByR1Omni} on GPUs`, '', ...r1OmniLines(facts), '']
      : []),
    '## verl on Ray',
    '',
    ...verlLines(facts),
    '',
    '## TRL',
    '',
    ...trlLines(facts),
    '',
    ...twinLines(handoff),
    ...nodeLines(config),
    ...modelLines(config, facts.missing ?? []),
    '## What does not travel',
    '',
    '- Random numbers: the studio draws them by seed, step and position, torch by a generator. Sampled answers differ from here on.',
    ...dealLines(facts),
    ...lostSettings(config).map(
      (line) => `- A setting that TRL and R1-Omni's trainer have not: \`${line}\`.`,
    ),
    ...klLines(facts),
    ...chatLines(facts),
    ...handoff.differences,
  ].join('\n')}\n`;
}

/** Where the clips are; nothing of data without any. */
function clipLines(clips: boolean | undefined): string[] {
  if (clips === undefined) return [];
  return [
    clips
      ? 'The clips lie in `media/`, under their paths in the data folder; launchers look there unless `--clips` or `CLIPS` names a folder.'
      : 'Clips are not copied: paths are those of the data folder. Put its contents beside this file, or name it by `--clips` or `CLIPS`.',
  ];
}

/** What only TRL has of the pull back to the start. */
function klLines({ family, config: { beta, useBiasCorrectionKl } }: ReadmeFacts): string[] {
  const others = familyOf(family).handoff.shownByR1Omni ? "verl and R1-Omni's trainer have" : 'verl has';
  return beta > 0 && useBiasCorrectionKl
    ? [`- The correction of the KL by the ratio (\`useBiasCorrectionKl\`): ${others} none.`]
    : [];
}

/** What of a chat gets lost on the way. */
function chatLines({ family, chats: { prefill, turns, variables } }: ReadmeFacts): string[] {
  return [
    ...(prefill === ''
      ? []
      : [
          `- The chat template begins answers with \`${JSON.stringify(prefill)}\`. In the studio rewards read it before the answer; elsewhere they read only what is sampled behind it, so that \`format\` misses its first tag.`,
        ]),
    ...(turns && familyOf(family).handoff.shownByR1Omni
      ? [
          "- System messages and earlier turns: `r1omni/` has each row's last question, with its media before it.",
        ]
      : []),
    ...(variables
      ? ['- `chat_template_kwargs` of rows: they are a column for TRL; verl reads those of the whole run.']
      : []),
  ];
}

/** GPUs that the commands name at most: one machine's. */
const GPUS = 8;

/** As many of a machine's GPUs as share `count` evenly. */
function sharedBy(count: number): number {
  return Array.from({ length: GPUS }, (_, index) => GPUS - index).find((gpus) => count % gpus === 0)!;
}

/** R1-Omni's trainer gives each GPU whole prompts; the others share the answers of a step. */
function gpusOf({ promptsPerStep, groupSize }: Config): { prompts: number; answers: number } {
  return { prompts: sharedBy(promptsPerStep), answers: sharedBy(promptsPerStep * groupSize) };
}

function r1OmniLines({ family, clips, config }: ReadmeFacts): string[] {
  const { r1OmniArguments: towers, r1OmniNotes } = familyOf(family).handoff;
  return [
    'Its trainer loads no adapter, so `r1omni/` holds the merged weights (bfloat16) and the data in its form.',
    '',
    '```sh',
    `python r1omni/launch.py --repo /path/to/R1-Omni${clips ? '' : ' --clips /path/to/data'} --gpus ${gpusOf(config).prompts}${towers}`,
    '```',
    '',
    'That trainer takes data, question, towers and its class from its own source, whatever its command names: `launch.py` copies the',
    'source, sets them in the copy, and starts it (`--prepare` stops before, and prints the command). What it needs is pinned in the',
    "clone's `src/r1-v/setup.py` (trl 0.14, a transformers of January 2025, deepspeed) and comes with CUDA only.",
    ...r1OmniNotes,
    'The optimizer starts fresh, and **the KL is measured from the merged model**, not from where the studio began.',
    'It was read and its copy set up; it was not run.',
  ];
}

function verlLines({ family, clips, config, checkpoint }: ReadmeFacts): string[] {
  const gpus = gpusOf(config).answers;
  const start = [
    '```sh',
    `BASE=/path/to/base${clips === false ? ' CLIPS=/path/to/data' : ''} GPUS=${gpus} bash verl/run.sh`,
    '```',
    '',
    'folder' in checkpoint
      ? 'Turns the data into Parquet and starts. Weights travel, the optimizer starts fresh; the reference is the base without adapter.'
      : "Turns the data into Parquet and starts. The run's weights are not among these files: with the base model it starts over. To go on from them, give the folder `model` of the run's exported merged weights as `BASE`; the reference is then that model, and the optimizer starts fresh.",
    'It was written by the source of verl 0.8 and was not run.',
  ];
  if (familyOf(family).handoff.seesInVerl) return start;
  return [
    `verl has no ${family}. What it can train of one is its language model, on the text of the prompts alone:`,
    '',
    '```sh',
    'python base_model.py --base /path/to/base --text-part text-part',
    `TEXT_ONLY=1 BASE=text-part GPUS=${gpus} bash verl/run.sh`,
    ...start.slice(2),
  ];
}

function trlLines(facts: ReadmeFacts): string[] {
  const { checkpoint, family, config } = facts;
  const { handoff } = familyOf(family);
  const { blindInTrl, textPartNotes } = handoff;
  const shows = handoff.twin !== undefined && 'folder' in checkpoint;
  const blind =
    blindInTrl === undefined
      ? []
      : [
          `TRL shows a model ${blindInTrl}: it trains on the text of the prompts alone, and what the model sees counts for nothing.`,
          ...(shows ? shownLines(handoff) : BLIND_LINES),
          '',
        ];
  const fresh = blindInTrl === undefined ? FRESH : FRESH_TEXT_PART;
  const toldSo = blindInTrl === undefined || shows ? '' : ' --text-only';
  const where = shows && facts.clips === false ? ' --clips /path/to/data' : '';
  if ('problem' in checkpoint)
    return [
      ...blind,
      `Without a checkpoint to resume from: ${checkpoint.problem}.`,
      '',
      '```sh',
      ...fresh,
      '```',
    ];
  return [
    ...blind,
    '```sh',
    `python resume.py${toldSo} --base /path/to/base${where}                              # goes on: a GPU, or CPUs where there is none`,
    `torchrun --nproc_per_node ${gpusOf(config).answers} resume.py${toldSo} --base /path/to/base${where}         # goes on, several processes (DDP)`,
    ...fresh,
    '```',
    '',
    `\`${checkpoint.folder}/\` holds adapter, Adam's moments, schedule and log. DeepSpeed and FSDP keep their optimizer in another form:`,
    'there, take `--ref adapter`, which hands over the weights only; the steps that are left and the rate are the same. `--steps N`',
    'takes N steps from here instead, also of a run that is finished. Numbers are float32 as in the studio; `--bf16` has them',
    "computed in bfloat16. Processes share a step's answers: any number that divides the prompts, or all answers of a step.",
    ...textPartNotes,
  ];
}

const BLIND_LINES = [
  'So each of these has to be told `--text-only` or `TEXT_ONLY=1`; for the real thing take R1-Omni or verl.',
];

/** What is said where the bundle brings the model's twin along. */
const shownLines = ({ twin }: Handoff): string[] => [
  `\`resume.py\` shows it its clips all the same: it trains the twin in \`${twin}/\`, which reads them by PyAV (\`pip install av\`), and keeps their`,
  'media tokens below `--output`. Before that `self_test.py` compares prompts, media tokens and log-probabilities of a few clips with those',
  'that the studio had; it can be started by itself. `trl grpo` trains the text part alone, and has to be told `TEXT_ONLY=1`.',
];

const FRESH = [
  'trl grpo --config grpo.yaml --model_name_or_path /path/to/base                 # a fresh start with the same settings',
];
const FRESH_TEXT_PART = [
  'python base_model.py --base /path/to/base --text-part text-part                # the text part, for trl grpo',
  'TEXT_ONLY=1 trl grpo --config grpo.yaml                                        # a fresh start with the same settings',
];

function dealLines({ config, step, dealtSteps, clips }: ReadmeFacts): string[] {
  const things = clips === undefined ? 'questions' : 'clips';
  const left = config.steps - step;
  const order = `- \`data/next.jsonl\` has the ${things} of the steps to come in the order in which the studio would ask ${clips === undefined ? 'them' : 'about them'}`;
  if (left > dealtSteps)
    return [
      `${order}; of ${left} steps it has ${dealtSteps} (${MOST_DEALS} rows at most), and repeats them.`,
    ];
  return left > 0
    ? [`${order}, as \`resume.py\` takes them; the other trainers shuffle \`train\` themselves.`]
    : [`${order}, should the finished run be gone on with; it repeats them.`];
}
