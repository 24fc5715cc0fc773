/** Every setting of a run, once. Type, defaults, validation, form, tooltips, flags and export all read these rows. */
import { clipFields } from './config-clips.ts';
import { evaluationFields } from './config-evaluation.ts';
import { driftFields, lossFields } from './config-objective.ts';
import { promptFields } from './config-prompt.ts';
import { rewardFields } from './config-rewards.ts';
import { choice, flag, float, int, list, optionalText } from './fields.ts';
import { stopStringsOf } from './stop-strings.ts';

export * from './config-clips.ts';
export * from './config-evaluation.ts';
export * from './config-objective.ts';
export * from './config-prompt.ts';
export * from './config-rewards.ts';
export * from './stop-strings.ts';

const STAGES = ['grpo', 'sft'] as const;
const START_FROM = ['published', 'last run'] as const;
const SCHEDULES = ['constant', 'linear', 'cosine'] as const;
const LORA_TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
/** What frozen weights of the decoder are kept as. */
const FROZEN_WEIGHTS = ['published', 'int8', 'int4'] as const;

const NO_LIMIT = Number.POSITIVE_INFINITY;

const runFields = {
  stage: choice({
    choices: STAGES,
    default: 'grpo',
    group: 'Run',
    label: 'Stage',
    help: 'grpo learns from rewards on its own answers. sft imitates the labelled answers (a cold start).',
  }),
  startFrom: choice({
    choices: START_FROM,
    default: 'published',
    group: 'Run',
    label: 'Begin from',
    help: "published: the model's files. last run: the weights that the run before left, with a fresh optimizer; the drift is measured from there. A LoRA of the same rank, alpha and layers goes on; any other is merged into the layers it sat on.",
  }),
  steps: int({
    default: 100,
    min: 1,
    max: 1_000_000,
    group: 'Run',
    essential: true,
    label: 'Steps',
    trl: 'max_steps',
    help: 'Optimizer steps in this run, each on freshly sampled answers.',
  }),
  promptsPerStep: int({
    default: 8,
    min: 1,
    max: 1024,
    group: 'Run',
    essential: true,
    label: 'Clips per step',
    help: 'How many clips one step asks about. Time grows with it, and the gradient gets steadier.',
  }),
  resampleRounds: int({
    default: 0,
    min: 0,
    max: 64,
    unit: 'rounds',
    group: 'Run',
    label: 'Replace clips without signal',
    help: 'A clip whose answers all score the same teaches nothing: others are asked in its place, at most so many rounds a step (dynamic sampling of DAPO). 0 = off. A step takes longer and learns from full batches; what no round could replace stays in the batch.',
  }),
  groupSize: int({
    default: 8,
    min: 2,
    max: 64,
    group: 'Run',
    essential: true,
    label: 'Answers per clip (G)',
    trl: 'num_generations',
    paper: '2402.03300',
    help: 'G in GRPO: answers sampled for the same clip and compared with each other. More gives a steadier advantage.',
  }),
  numIterations: int({
    default: 1,
    min: 1,
    max: 64,
    group: 'Run',
    label: 'Passes per batch',
    trl: 'num_iterations',
    help: 'Optimizer steps taken on the same answers (μ). With 1 the ratio is always 1 and clipping never fires.',
  }),
  pauseOnAlarm: flag({
    default: true,
    group: 'Run',
    label: 'Pause when it is pointless',
    help: 'A run rests, with the reason shown, where going on cannot help: numbers that are not finite, no signal at all, a collapsed policy. Off: alarms are only shown.',
  }),
  gentle: flag({
    default: false,
    group: 'Run',
    label: 'Leave room for the screen',
    help: 'The GPU works in short slices and is free for a third of the time, so that other windows stay fluid. Steps take longer; the numbers are the same to the last bit.',
  }),
  seed: int({
    default: 42,
    min: 0,
    max: 4_294_967_295,
    group: 'Run',
    label: 'Seed',
    trl: 'seed',
    help: 'The same seed on the same device gives the same answers and the same curves.',
  }),
  checkpointEvery: int({
    default: 10,
    min: 0,
    max: 1_000_000,
    unit: 'steps',
    group: 'Run',
    label: 'Save every',
    trl: 'save_steps',
    help: 'Writes a checkpoint on this device every so many steps. 0 = only at a pause, a stop and the end.',
  }),
  keepCheckpoints: int({
    default: 2,
    min: 1,
    max: 1000,
    group: 'Run',
    label: 'Checkpoints kept',
    trl: 'save_total_limit',
    help: 'The newest so many checkpoints stay, and the one that scored best on held-out clips.',
  }),
};

const generationFields = {
  maxCompletionLength: int({
    default: 256,
    min: 1,
    max: 8192,
    unit: 'tokens',
    group: 'Generation',
    label: 'Longest answer',
    trl: 'max_completion_length',
    help: 'An answer is cut here. Raise it when many answers are cut short; memory and time grow with it.',
  }),
  temperature: float({
    default: 1,
    min: 0.01,
    max: 10,
    group: 'Generation',
    label: 'Temperature',
    trl: 'temperature',
    help: 'Higher gives more varied answers. It divides the logits in sampling and in the loss alike.',
  }),
  topK: int({
    default: 0,
    min: 0,
    max: 1_000_000,
    group: 'Generation',
    label: 'Top-k',
    trl: 'top_k',
    help: 'Sample only among the k likeliest tokens. 0 = off.',
  }),
  topP: float({
    default: 1,
    min: 0.001,
    max: 1,
    group: 'Generation',
    label: 'Top-p',
    trl: 'top_p',
    paper: '1904.09751',
    help: 'Sample only among the likeliest tokens that together hold this much probability. 1 = off.',
  }),
  minP: float({
    default: 0,
    min: 0,
    max: 1,
    group: 'Generation',
    label: 'Min-p',
    trl: 'min_p',
    paper: '2407.01082',
    help: 'Drop tokens less likely than this share of the likeliest one. 0 = off.',
  }),
  repetitionPenalty: float({
    default: 1,
    min: 0.1,
    max: 10,
    group: 'Generation',
    label: 'Repetition penalty',
    trl: 'repetition_penalty',
    paper: '1909.05858',
    help: 'Above 1 makes tokens already in the answer less likely. 1 = off.',
  }),
  stopStrings: optionalText({
    check: (value) => stopStringsOf(value).length > 0,
    expected: 'a text, or a JSON list of texts',
    group: 'Generation',
    label: 'Stop at',
    help: 'An answer ends once this text stands in it, in training and in evaluation: </answer>. Several as a JSON list: ["</answer>", "\\n\\n"]. The token that completes it is the last; special tokens count as text. Empty: only the end token ends an answer.',
  }),
};

const optimizerFields = {
  learningRate: float({
    default: 1e-5,
    min: 0,
    max: 1,
    ladder: [1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3],
    group: 'Optimizer',
    essential: true,
    label: 'Learning rate',
    trl: 'learning_rate',
    help: 'Size of a step. LoRA likes about ten times more than full training.',
  }),
  schedule: choice({
    choices: SCHEDULES,
    default: 'linear',
    group: 'Optimizer',
    label: 'Learning-rate schedule',
    trl: 'lr_scheduler_type',
    help: 'Keep the rate, or let it fall to zero in a line or along a cosine.',
  }),
  warmupSteps: int({
    default: 0,
    min: 0,
    max: 1_000_000,
    unit: 'steps',
    group: 'Optimizer',
    label: 'Warm-up',
    trl: 'warmup_steps',
    help: 'Steps during which the rate climbs from zero.',
  }),
  adamBeta1: float({
    default: 0.9,
    min: 0,
    max: 0.999_999,
    group: 'Optimizer',
    label: 'Adam β₁',
    trl: 'adam_beta1',
    help: 'Memory of the mean gradient.',
  }),
  adamBeta2: float({
    default: 0.999,
    min: 0,
    max: 0.999_999,
    group: 'Optimizer',
    label: 'Adam β₂',
    trl: 'adam_beta2',
    help: 'Memory of the squared gradient.',
  }),
  adamEpsilon: float({
    default: 1e-8,
    min: 0,
    max: 1,
    group: 'Optimizer',
    label: 'Adam ε',
    trl: 'adam_epsilon',
    help: 'Keeps the division away from zero.',
  }),
  weightDecay: float({
    default: 0,
    min: 0,
    max: 10,
    group: 'Optimizer',
    label: 'Weight decay',
    trl: 'weight_decay',
    paper: '1711.05101',
    help: 'Shrinks weights a little each step (decoupled, as in AdamW).',
  }),
  maxGradNorm: float({
    default: 1,
    min: 0,
    max: NO_LIMIT,
    group: 'Optimizer',
    label: 'Gradient clip',
    trl: 'max_grad_norm',
    help: 'Gradients longer than this are scaled down to it. 0 = off.',
  }),
};

const partFields = {
  loraRank: int({
    default: 16,
    min: 0,
    max: 512,
    group: 'Trained parts',
    essential: true,
    label: 'LoRA rank',
    trl: 'r (LoraConfig)',
    paper: '2106.09685',
    help: 'Size of the small matrices trained beside frozen weights. 0 = no LoRA.',
  }),
  loraAlpha: float({
    default: 32,
    min: 0,
    max: 4096,
    group: 'Trained parts',
    label: 'LoRA alpha',
    trl: 'lora_alpha (LoraConfig)',
    help: 'The adapter is scaled by alpha / rank.',
  }),
  loraTargets: list({
    choices: LORA_TARGETS,
    default: LORA_TARGETS,
    group: 'Trained parts',
    label: 'LoRA on',
    trl: 'target_modules (LoraConfig)',
    help: 'Which linear layers of the decoder get an adapter.',
  }),
  frozenWeights: choice({
    choices: FROZEN_WEIGHTS,
    default: 'published',
    group: 'Trained parts',
    label: 'Frozen weights',
    trl: 'quantization_config',
    help: "How the language model's frozen weights lie in memory: int8 takes half of what 16 bits take and changes answers hardly, int4 a third and changes them a little. Exports hold the published weights.",
  }),
  trainDecoder: flag({
    default: false,
    group: 'Trained parts',
    label: 'Train the whole decoder',
    help: 'Every weight of the language model. Needs LoRA rank 0, and much more memory.',
  }),
  trainVision: flag({
    default: false,
    group: 'Trained parts',
    label: 'Train the vision tower',
    help: 'Every weight of the part that looks at pictures and hands them to the language model; without it that part stays as published. Pictures go through it again in every step, which takes more time and memory. Not together with LoRA on it.',
  }),
  loraVision: flag({
    default: false,
    group: 'Trained parts',
    label: 'LoRA on the vision tower',
    help: 'Its linear layers get an adapter of the LoRA rank, too: less memory than training all of it. Pictures go through it again in every step. Needs a LoRA rank above 0.',
  }),
  trainProjectors: flag({
    default: false,
    group: 'Trained parts',
    label: 'Train the projectors',
    help: 'The layers that carry pictures and sound into the language model.',
  }),
  trainGate: flag({
    default: false,
    group: 'Trained parts',
    label: 'Train the gate',
    help: 'The small network that weighs the three views of the picture by the question.',
  }),
  trainBert: flag({
    default: false,
    group: 'Trained parts',
    label: 'Train BERT',
    help: 'The text encoder that feeds the gate.',
  }),
};

/** The table: key → row, in the order in which forms and documentation show them. */
export const CONFIG_FIELDS = {
  ...runFields,
  ...generationFields,
  ...rewardFields,
  ...lossFields,
  ...driftFields,
  ...optimizerFields,
  ...partFields,
  ...promptFields,
  ...clipFields,
  ...evaluationFields,
};
