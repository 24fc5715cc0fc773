import type { FamilyName } from '../../models/model-files.ts';
import type { Config } from '../../protocol/config.ts';
import { lostSettings, optimizerSteps } from './trl-settings.ts';

export interface ReadmeFacts {
  readonly baseModel: string;
  readonly family: FamilyName;
  readonly config: Config;
  readonly step: number;
  readonly dataSet: string;
  /** Folder of the TRL checkpoint; else why there is none. */
  readonly checkpoint: { readonly folder: string } | { readonly problem: string };
}

/** README.md of the hand-off bundle: what this is, and a command for each trainer. */
export function handoffReadme(facts: ReadmeFacts): string {
  const { baseModel, config, step, dataSet } = facts;
  return `${[
    `# ${baseModel} after ${step} steps, to be gone on with`,
    '',
    `A ${config.stage.toUpperCase()} run of Omni GRPO Studio on the data set \`${dataSet}\`. Steps are counted as the optimizer's here: ` +
      `${optimizerSteps(config, step)} of ${optimizerSteps(config, config.steps)}. \`manifest.json\` has the hash of every file.`,
    '',
    'Clips are not copied: paths are those of the data folder. Put its contents beside this file, or run from there.',
    '',
    '## TRL',
    '',
    ...trlLines(facts),
    '',
    '## R1-Omni: video and sound on GPUs',
    '',
    'Its trainer loads no adapter, so `r1omni/` holds the merged weights (bfloat16) and the data in its form.',
    '',
    '```sh',
    'torchrun --nproc_per_node=8 src/r1-v/src/open_r1/grpo.py --model_name_or_path handoff/r1omni --dataset_name handoff/r1omni/train.json …',
    '```',
    '',
    ...R1_OMNI_NOTES[facts.family],
    'The optimizer starts fresh, and **the KL is measured from the merged model**, not from where the studio began.',
    '',
    '## verl on Ray',
    '',
    '```sh',
    'BASE=/path/to/base bash verl/run.sh',
    '```',
    '',
    'Turns the data into Parquet and starts. Weights travel, the optimizer starts fresh; the reference is the base without adapter.',
    '',
    '## What does not travel',
    '',
    '- Random numbers: the studio draws them by seed, step and position, torch by a generator. Sampled answers differ from here on.',
    '- `data/train.jsonl` is in the order of the epoch under way; later epochs repeat it, while the studio deals each one anew.',
    ...lostSettings(config).map((line) => `- A setting that no other trainer has: \`${line}\`.`),
  ].join('\n')}\n`;
}

const R1_OMNI_NOTES: Readonly<Record<FamilyName, readonly string[]>> = {
  HumanOmni: [
    'The paths of SigLIP, Whisper, BERT and the Qwen2-VL processor are written into its sources and have to be set there.',
  ],
  'Qwen2-VL': [
    'Qwen2-VL is the model that this trainer was first written for; it sees the video and hears nothing.',
  ],
  'Qwen2.5-VL': [
    'Qwen2.5-VL is newer than this trainer, which was first written for Qwen2-VL: see that your version and its transformers open it.',
    'It sees the video and hears nothing.',
  ],
};

const PICTURES_ONLY =
  'TRL trains on text and pictures, not on video: give it frames, or take the R1-Omni trainer below.';

const TRL_LIMITS: Readonly<Record<FamilyName, readonly string[]>> = {
  HumanOmni: [
    'TRL trains on text and pictures, not on video or sound: it sees the prompt with its media tags. HumanOmni loads where its',
    "package is installed (`import humanomni.model`); the adapter also fits the plain Qwen2 that is the model's text part.",
  ],
  'Qwen2-VL': [PICTURES_ONLY],
  'Qwen2.5-VL': [PICTURES_ONLY],
};

function trlLines({ checkpoint, family }: ReadmeFacts): string[] {
  const fresh = ['```sh', 'trl grpo --config grpo.yaml        # a fresh start with the same settings', '```'];
  const limits = ['', ...TRL_LIMITS[family]];
  if ('problem' in checkpoint)
    return [`Without a checkpoint to resume from: ${checkpoint.problem}.`, '', ...fresh, ...limits];
  return [
    '```sh',
    'python resume.py --base /path/to/base                                  # goes on, one GPU',
    'accelerate launch --num_processes 8 resume.py --base /path/to/base     # goes on, several GPUs (DDP)',
    ...fresh.slice(1),
    '',
    `\`${checkpoint.folder}/\` holds adapter, Adam's moments, schedule and log. DeepSpeed and FSDP keep their optimizer in another form:`,
    'there, take `--ref adapter`, which hands over the weights only.',
    ...limits,
  ];
}
