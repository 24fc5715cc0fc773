/**
 * A worker that only pretends, for tests of the page. What a run says of its steps, answers and scores is played back from a real
 * one; the rest is made up. Every event passes the page's own check. Nothing here is shipped.
 */
import type { Alarm } from '../../src/protocol/alarms.ts';
import type { BenchReport } from '../../src/protocol/bench.ts';
import type { Config } from '../../src/protocol/config.ts';
import { decodeEvent } from '../../src/protocol/decode.ts';
import type { LiveValues } from '../../src/protocol/live-settings.ts';
import type {
  BrokenExport,
  Command,
  CommandOf,
  CommandType,
  DataIssue,
  DataSummary,
  Event,
  Split,
  StoredRun,
} from '../../src/protocol/messages.ts';
import { isRewardName } from '../../src/rewards/index.ts';
import type { Port } from '../../src/store/port.ts';
import { chosenStep } from '../../src/worker/runs/listing.ts';
import { FakeAnswers } from './fake-answers.ts';
import { fakeClip } from './fake-clips.ts';
import { madeMetrics } from './fake-metrics.ts';
import { FAKE_SCORER, FakeModels } from './fake-models.ts';
import { fakeReading } from './fake-reading.ts';
import { FakeKept } from './fake-runs.ts';
import { madeAlternatives, madeTokens } from './fake-tokens.ts';
import { type MadeEvals, madeEval } from './made-evals.ts';
import {
  clipId,
  LABELS,
  labelOf,
  playEval,
  playLive,
  playRollouts,
  playSaved,
  playScores,
  playStep,
} from './recorded-run.ts';

const SPLIT_OF = (i: number): Split => (i % 10 === 8 ? 'val' : i % 10 === 9 ? 'test' : 'train');

export interface FakeOptions {
  /** Milliseconds between steps; 0 = as fast as the page takes them. */
  stepMs?: number;
  gpu?: boolean;
  clips?: number;
  /** Whether there are models in storage. */
  models?: boolean;
  /** Whether there is a classifier in storage. */
  scorer?: boolean;
  /** Whether the visit before left an export unfinished. */
  broken?: boolean;
  /** Whether runs of earlier visits are kept. */
  stored?: boolean;
  /** When a run that gets ready is ready; at once without it. */
  loaded?: Promise<void> | undefined;
  /** Whether a run fails while it gets ready. */
  fails?: boolean;
  /** The step after which a run rests because it is not well; 0: it is always well. */
  unwellAt?: number;
  /** Something is asked of every data set. */
  asks?: boolean;
  /** What the model is. */
  family?: FakeFamily | undefined;
  /** Rows, from the first on, that bring a question of their own. */
  own?: number;
  /** Which made evaluations take the place of the recorded run's. */
  evals?: MadeEvals | undefined;
}

export function fakePort({
  stepMs = 20,
  gpu = true,
  clips = 96,
  models = false,
  scorer = false,
  broken = false,
  stored = false,
  loaded,
  fails = false,
  unwellAt = 0,
  asks = false,
  family,
  own = 0,
  evals,
}: FakeOptions = {}): Port {
  let listener: (event: Event) => void = () => undefined;
  const say = (event: Event) => {
    decodeEvent(event);
    queueMicrotask(() => listener(event));
  };
  const kept = new FakeKept(say);
  const run = new FakeRun(say, { stepMs, loaded, fails, unwellAt });
  const atHand = new FakeModels(say, models, scorer);
  return {
    listen(next) {
      listener = next;
      if (stored) kept.tell();
      if (broken) say({ type: 'exportBroken', broken: BROKEN });
      if (gpu) say({ type: 'ready', device: DEVICE });
      else {
        const hint = 'Use Chrome 113 or newer; on Linux switch on chrome://flags/#enable-unsafe-webgpu.';
        say({ type: 'unavailable', reason: 'navigator.gpu is missing.', hint });
      }
    },
    post: (command) =>
      void answer({ say, run, kept, atHand, clips: gpu ? clips : 0, asks, family, own, evals }, command),
    close: () => run.stop(),
  };
}

const DEVICE = {
  vendor: 'google',
  architecture: 'swiftshader',
  description: 'SwiftShader Device (Subzero)',
  isSoftware: true,
  features: ['subgroups'],
  limits: { maxStorageBufferBindingSize: 2 ** 30 },
};

/** What the page shows after the first of three comparisons. */
export const FAKE_BENCH: BenchReport = {
  adapter: 'SwiftShader Device (Subzero)',
  date: '2026-11-22T12:34:56.000Z',
  clock: 'wall',
  ceilings: { gflops: 8.1, gigabytes: 2.4 },
  rows: [
    {
      ...{ kernel: 'matmul A·Bᵀ (y)', shape: 'Qwen q, o 64x896→896', peer: 'tfjs' },
      ...{ oursMs: 12.3, theirsMs: 59.1, ratio: 4.8, oursSpread: [11.9, 13.2], theirsSpread: [57, 64] },
      rates: { gflops: 6.2, gflopsShare: 0.77, gigabytes: 0.62, gigabytesShare: 0.26 },
    },
    {
      ...{ kernel: 'matmul A·Bᵀ (y)', shape: 'Qwen q, o 64x896→896', peer: 'jax-js' },
      ...{ oursMs: 12.3, theirsMs: null, ratio: null, oursSpread: [11.9, 13.2], theirsSpread: null },
      note: 'cannot: out of memory',
    },
  ],
  summary: { 'matmul/tfjs': 4.8 },
};

const BROKEN = {
  target: 'models',
  started: '2026-11-22T12:34:56.000Z',
  files: [
    { path: 'model/config.json', bytes: 1_200 },
    { path: 'model/model.safetensors', bytes: 1_460_000 },
  ],
  written: ['model/config.json'],
  request: {
    parts: {
      merged: 'bf16',
      adapter: false,
      checkpoint: false,
      handoff: false,
      metrics: false,
      rollouts: false,
    },
    place: { kind: 'archive' },
    run: { id: 'brave-otter-1', name: 'brave-otter', step: 60 },
  },
} satisfies BrokenExport;

const PLAN = [
  { path: 'model/config.json', bytes: 1_200 },
  { path: 'model/model.safetensors', bytes: 1_460_000 },
  { path: 'adapter/adapter_config.json', bytes: 410 },
  { path: 'adapter/adapter_model.safetensors', bytes: 88_000 },
  { path: 'checkpoint-120/optimizer.pt', bytes: 180_000 },
  { path: 'handoff/grpo.yaml', bytes: 900 },
  { path: 'handoff/r1omni/model.safetensors', bytes: 730_000 },
  { path: 'metrics.jsonl', bytes: 61_000 },
  { path: 'logs/metrics.csv', bytes: 30_500 },
  { path: 'rollouts.jsonl', bytes: 912_000 },
];

/** What commands have to do with. */
interface Fake {
  say(event: Event): void;
  readonly run: FakeRun;
  readonly kept: FakeKept;
  readonly atHand: FakeModels;
  readonly clips: number;
  readonly asks: boolean;
  readonly family?: FakeFamily | undefined;
  readonly own: number;
  readonly evals?: MadeEvals | undefined;
}

type Act<T extends CommandType> = (fake: Fake, command: CommandOf<T>) => void | Promise<void>;

/** The commands that pages use in tests; any other is refused by its name. */
const ACTS: { [T in CommandType]?: Act<T> } = {
  openDemo: open,
  openData: open,
  openModel: open,
  openModelPart: open,
  openModelFolder: open,
  openStoredModel: open,
  listModels: ({ atHand }, command) => atHand.answer(command),
  downloadModel: ({ atHand }, command) => atHand.answer(command),
  openRewardModel({ say }, { requestId, files }) {
    if (files.some(({ path }) => path.endsWith('config.json')))
      return openedScorer(say, requestId, 'openRewardModel');
    const message = 'folder: no sequence classifier; found no config.json.';
    say({ type: 'error', requestId, message, hint: 'Take a classifier.', fatal: false });
  },
  openStoredRewardModel: ({ say }, { requestId }) => openedScorer(say, requestId, 'openStoredRewardModel'),
  closeRewardModel: () => undefined,
  stopDownload: ({ atHand }, command) => atHand.answer(command),
  removeModel: ({ atHand }, command) => atHand.answer(command),
  preview: ({ say }, command) => preview(command, say),
  clipFiles({ say }, { requestId, exampleId }) {
    say({ type: 'clipFiles', requestId, media: fakeClip(exampleId) });
    say({ type: 'done', requestId });
  },
  start: ({ run }, { config }) => run.start(config),
  step: ({ run }, { config }) => run.single(config),
  pause: ({ run }) => run.pause(),
  resume: ({ run }) => run.resume(),
  stop: ({ run }) => run.stop(),
  changeSettings({ say, run }, { requestId, values }) {
    say({ type: 'changeSettings', requestId, config: run.change(values) });
    say({ type: 'done', requestId });
  },
  evaluate({ say, run, evals }, command) {
    const { requestId, start } = command;
    const step = start ? 0 : run.step;
    const result = evals ? madeEval(evals, step, command.split) : playEval(step, command);
    say({ type: 'eval', requestId, result });
    say({ type: 'done', requestId });
  },
  plan({ say }, { requestId, config, whatIf }) {
    if (config.groupSize === UNPLANNABLE) {
      const message = 'The cache of 63 answers needs a binding of 9 GiB; this device has 1 GiB.';
      return say({ type: 'error', requestId, message, hint: 'Ask for fewer answers.', fatal: false });
    }
    const training = { weights: 2_000_000, activations: 9_000_000, cache: 1_000_000 };
    const passes = { perGroup: 2, tokens: 3044 };
    const peak = { training: 12_000_000, withRewards: 12_000_000, withTowers: 17_000_000 };
    const rewards = config.rewards.some((name) => !isRewardName(name)) ? FAKE_SCORER.bytes : 0;
    const { promptsPerStep, groupSize, maxCompletionLength } = config;
    const promptTokens = promptsPerStep * 60;
    const answerTokens = promptsPerStep * groupSize * maxCompletionLength;
    const work = {
      promptTokens,
      answerTokens,
      passFlops: 4e6 * answerTokens,
      prefillFlops: 0,
      decodeBytes: 2e6,
    };
    const plan = { encoding: 5_000_000, passes, training, rewards, peak, work };
    const ceilings = { gflops: 1, gigabytes: 1 };
    const others = [{ label: '4 answers per clip', change: {}, peak: 8_000_000 }];
    say({ type: 'plan', requestId, plan, ceilings, ...(whatIf ? { whatIf: others } : {}) });
    say({ type: 'done', requestId });
  },
  forecast({ say }, { requestId, config: { groupSize, promptsPerStep } }) {
    const forecast = {
      ...{ rows: 16, groupSize, withSignal: 4, reward: 0.25, rewards: [{ name: 'accuracy', mean: 0.25 }] },
      bySize: [groupSize, 2 * groupSize].map((size) => ({ groupSize: size, share: size / (4 * groupSize) })),
      ...{ meanLength: 12, cutShort: 0, stepSeconds: promptsPerStep / 8, troubles: [] },
    };
    say({ type: 'forecast', requestId, forecast });
    say({ type: 'done', requestId });
  },
  /** A longest prompt below that of half of the rows leaves them out. */
  prompts({ say }, { requestId, config: { maxPromptLength: set } }) {
    const tooLong = set > 0 && set < 90 ? [{ id: 'clip-7.mp4', tokens: 91 }] : [];
    const asked = 96 - tooLong.length;
    const report = {
      ...{ rows: 96, asked, tokens: { shortest: 80, median: 84, longest: 90 }, limits: { set } },
      ...{ tooLong, refused: [], notes: [], repeated: { rows: 0, contradicting: 0 } },
    };
    say({ type: 'prompts', requestId, report });
    say({ type: 'done', requestId });
  },
  scoreAgain({ say, run }, { requestId, config }) {
    say({ type: 'scoreAgain', requestId, answers: playScores(run.step, run.steps, config) });
    say({ type: 'done', requestId });
  },
  alternatives({ say, run }, { requestId, step, answer }) {
    say({ type: 'alternatives', requestId, ...madeAlternatives(step, run.steps, answer) });
    say({ type: 'done', requestId });
  },
  runMetrics({ say, kept }, { requestId, runId }) {
    const { name, model, data, config, step } = kept.find(runId);
    say({ type: 'runMetrics', requestId, ...madeMetrics(step), ...{ name, model, data, config } });
    say({ type: 'done', requestId });
  },
  tokenValues({ say, run }, { requestId, step, answer }) {
    say({ type: 'tokenValues', requestId, ...madeTokens(step, run.steps, answer) });
    say({ type: 'done', requestId });
  },
  stepAnswers: ({ run }, command) => run.answers.answer(command),
  findAnswers: ({ run }, command) => run.answers.answer(command),
  clipAnswers: ({ run }, command) => run.answers.answer(command),
  stopFinding: () => undefined,
  planExport({ say }, { requestId }) {
    say({ type: 'planExport', requestId, files: PLAN });
    say({ type: 'done', requestId });
  },
  export: ({ say }, { requestId }) =>
    exported(say, requestId, 'tiny-humanomni-step-120.zip', 'zip'.repeat(1000)),
  resumeRun({ say, run, kept }, command) {
    run.take(command, kept.take(command.runId));
    kept.tell();
    say({ type: 'done', requestId: command.requestId });
  },
  prolongRun({ say, run, kept }, { requestId, runId, steps }) {
    run.take({ type: 'resumeRun', requestId, runId }, { ...kept.take(runId), steps });
    kept.tell();
    say({ type: 'done', requestId });
  },
  forkRun({ say, run, kept }, { requestId, runId, step, config }) {
    const origin = kept.find(runId);
    const own = { ...origin, id: 'swift-lynx-9', name: 'swift-lynx', steps: config.steps, config };
    run.take({ type: 'resumeRun', requestId, runId, step, rest: true }, own);
    say({ type: 'done', requestId });
  },
  aboutRun: ({ kept }, command) => kept.about(command),
  saveRunFiles: ({ say }, { requestId, runId }) => exported(say, requestId, `${runId}-files.zip`, 'zip'),
  deleteRun: ({ kept }, command) => kept.delete(command),
  bench({ say, run }, { requestId }) {
    run.benchId = requestId;
    say({ type: 'bench', requestId, report: FAKE_BENCH, done: 1, total: 3 });
  },
  stopBench: ({ say, run }) => say({ type: 'done', requestId: run.benchId }),
};

function openedScorer(
  say: Fake['say'],
  requestId: number,
  type: 'openRewardModel' | 'openStoredRewardModel',
): void {
  say({ type, requestId, model: FAKE_SCORER });
  say({ type: 'done', requestId });
}

async function answer(fake: Fake, command: Command): Promise<void> {
  const act = ACTS[command.type] as ((fake: Fake, command: Command) => void | Promise<void>) | undefined;
  if (act) return act(fake, command);
  const requestId = 'requestId' in command ? { requestId: command.requestId } : {};
  const message = `The pretended worker does not know "${command.type}".`;
  fake.say({ type: 'error', ...requestId, message, fatal: false });
}

function exported(say: Fake['say'], requestId: number, name: string, text: string): void {
  say({ type: 'exported', requestId, files: [{ name, blob: new Blob([text]) }], place: '' });
  say({ type: 'done', requestId });
}

/** Answers per clip that the pretended device cannot plan for. */
const UNPLANNABLE = 63;

type Opening = Extract<
  Command,
  { type: 'openDemo' | 'openData' | 'openModel' | 'openModelFolder' | 'openStoredModel' | 'openModelPart' }
>;

/** Models of other kinds than the embedded one: what they have, and what they are shown. */
export const FAKE_FAMILIES = {
  'qwen2-vl': {
    name: 'Qwen2-VL-2B',
    parts: { decoder: 98_304, vision: 61_440 },
    family: 'Qwen2-VL',
    senses: ['video' as const],
    anySize: true,
    usual: 'clips' as const,
  },
  qwen3: {
    name: 'Qwen3-0.6B',
    parts: { decoder: 98_304 },
    family: 'Qwen3',
    senses: [],
    usual: 'text' as const,
  },
};
export type FakeFamily = keyof typeof FAKE_FAMILIES;

function open({ say, clips, asks, family, own }: Fake, command: Opening): void {
  const { requestId } = command;
  if (clips === 0) {
    say({ type: 'error', requestId, message: 'No GPU.', fatal: false });
    return;
  }
  if (command.type === 'openData' && command.files.some(({ path }) => path.endsWith('.rar'))) {
    const message = 'set: found 1 file (.rar), expected clips and their labels.';
    say({
      type: 'error',
      requestId,
      message,
      hint: 'Unpack it. The data set "demo" stays open.',
      fatal: false,
    });
    return;
  }
  say({ type: 'progress', requestId, what: 'Reading clips', done: 34, total: clips, unit: 'clips' });
  if (command.type === 'openDemo' || command.type === 'openData')
    say({
      type: 'data',
      requestId,
      summary: readAs(command, dataSummary(clips, foldOf(command), own, family), asks),
    });
  if (command.type !== 'openData') {
    const parts = {
      decoder: 98_304,
      vision: 61_440,
      audio: 44_032,
      projectors: 210_112,
      gate: 8_195,
      bert: 33_024,
    };
    const isDemo = command.type === 'openDemo' && !family;
    const [first] = command.type === 'openModel' ? command.files : [];
    const summary = {
      name: first ? first.path.split('/')[0]! : 'tiny-humanomni',
      ...(isDemo ? { demo: true } : {}),
      parts,
      trainable: 308_416,
      dtype: 'F32',
      bytes: 1_460_000,
      family: 'HumanOmni' as const,
      senses: ['video' as const, 'audio' as const],
      usual: 'R1-Omni' as const,
      loading: { library: 'humanomni' as const },
      layout: 'one folder',
      ...(family ? FAKE_FAMILIES[family] : {}),
    };
    say({
      type: 'model',
      requestId,
      summary: { ...summary, unusedTensors: [], ...besides(command) },
    });
    say({
      type: 'memory',
      parts: { weights: 1_460_000, activations: 8_200_000, 'KV cache': 640_000 },
      peak: 10_900_000,
    });
  }
  say({ type: 'state', state: 'ready', step: 0, steps: 0 });
  say({ type: 'done', requestId });
}

/** What a trainer's output holds beside the model that is open. */
function besides(command: Opening) {
  if (command.type !== 'openStoredModel' && command.type !== 'openModelPart') {
    return { notes: [], choice: {}, others: [], adapters: [] };
  }
  const notes = [
    'out holds 3 models: the one at its top is open; left aside: checkpoint-1000, checkpoint-200.',
  ];
  const adapters = [{ path: 'lora', base: 'owner/base' }];
  const choice = command.type === 'openModelPart' ? command.choice : {};
  return { notes, choice, others: ['checkpoint-1000', 'checkpoint-200'], adapters };
}

/** The data set as one of which something is asked, with a note. */
function readAs(command: Opening, summary: DataSummary, asks: boolean): DataSummary {
  if (!asks) return summary;
  const note: DataIssue = {
    reason: 'column not used',
    file: 'rlvr.json',
    message: 'The column "fold" looks like a split, but was not used.',
  };
  const reading = fakeReading(command.type === 'openData' ? command : {});
  return { ...summary, format: 'R1-Omni JSON', issues: [...summary.issues, note], reading };
}

const foldOf = (command: Opening) => (command.type === 'openData' ? (command.fold ?? 1) : 1);

const ownQuestion = (row: number): string => `Question ${row}: what is seen in scene ${row}?`;

/** Of a model that sees and hears nothing, rows of questions are no clips. */
function dataSummary(count: number, fold: number, own: number, family?: FakeFamily): DataSummary {
  const examples = Array.from({ length: count }, (_, i) => ({
    id: clipId(i),
    path: `clips/clip_${String(i).padStart(4, '0')}.${i % 2 ? 'webm' : 'mp4'}`,
    label: labelOf(i),
    split: SPLIT_OF(i),
    ...(i < own ? { question: ownQuestion(i) } : {}),
  }));
  const list = examples.flatMap(({ question }) => (question ? [{ question, rows: 1 }] : []));
  const splitsOf = (label?: string) => {
    const own = examples.filter((each) => label === undefined || each.label === label);
    const of = (split: Split) => own.filter((each) => each.split === split).length;
    return { train: of('train'), val: of('val'), test: of('test') };
  };
  const labels = LABELS.map((label) => {
    const splits = splitsOf(label);
    const writtenAs = label === 'angry' ? ['anger'] : [];
    return { label, count: splits.train + splits.val + splits.test, splits, writtenAs };
  });
  const issues: DataIssue[] = [
    {
      reason: 'clip empty',
      file: 'clips/clip_0099.mp4',
      message: 'The file is empty (0 bytes).',
      hint: 'Copy it again.',
    },
    {
      reason: 'row malformed',
      file: 'data.json',
      row: 12,
      message: 'The label is empty.',
      hint: 'Give it one of angry, happy, neutral, sad.',
    },
  ];
  const skipped = issues.map(({ reason }) => ({ reason, count: 1 }));
  return {
    name: 'demo',
    kind: own >= count && family === 'qwen3' ? 'questions' : 'clips',
    questions: { rows: list.length, distinct: list.length, list: list.slice(0, 100) },
    format: 'DFEW',
    count,
    rows: count + issues.length,
    labels,
    splits: splitsOf(),
    division: `Fold ${fold}, by the data set's own lists.`,
    folds: { chosen: fold, available: [1, 2, 3, 4, 5] },
    examples,
    typedRows: own,
    issues,
    skipped,
  };
}

async function preview(
  { requestId, exampleId, config }: CommandOf<'preview'>,
  say: (event: Event) => void,
): Promise<void> {
  if (exampleId === 'clip-3') {
    const hint = 'Replace the file or remove its row.';
    return say({
      type: 'error',
      requestId,
      message: 'clips/clip_0003.webm ends in the middle of a frame.',
      hint,
      fatal: false,
    });
  }
  const frames = await Promise.all(Array.from({ length: 8 }, (_, i) => createImageBitmap(face(i))));
  const waveform = Float32Array.from(
    { length: exampleId === 'clip-5' ? 0 : 800 },
    (_, i) => Math.sin(i / 40) * Math.exp(-(((i % 200) - 90) ** 2) / 4000),
  );
  const values = Float32Array.from({ length: 80 * 160 }, (_, i) => {
    const mel = Math.floor(i / 160);
    return Math.sin(mel / 5) * Math.cos((i % 160) / 9) - mel / 60;
  });
  const media = '<vi_start><video><vi_end>\n<au_start><audio><au_end>';
  const question = config?.question ?? 'Which emotion?';
  const prompt = `<|im_start|>user\n${media}\n${question}<|im_end|>\n<|im_start|>assistant\n`;
  const logMel = { mels: 80, columns: 160, values };
  say({
    type: 'preview',
    requestId,
    preview: { exampleId, frames, waveform, logMel, prompt, tokens: 50, seconds: 1.6 },
  });
  say({ type: 'done', requestId });
}

function face(index: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(32, 32);
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#cbb89a';
  context.fillRect(0, 0, 32, 32);
  context.fillStyle = '#332';
  context.fillRect(9, 10, 3, 3);
  context.fillRect(20, 10, 3, 3);
  context.fillRect(10, 20 + (index % 3), 12, 2);
  return canvas;
}

/** Steps that the fastest run reports in one go. */
const STEPS_AT_ONCE = 10;

/** What a learning rate of 1 makes of the demo. */
export const FAKE_ALARMS: readonly Omit<Alarm, 'step'>[] = [
  {
    ...{ kind: 'cut short', metric: 'completions/clipped_ratio', pauses: false },
    message: 'Answers no longer come to an end.',
    evidence:
      'All answers of the last 3 steps reached 20 tokens without an end; at step 1 it was 8 % of them.',
    hint: 'Begin again with a smaller "Learning rate" (learningRate).',
  },
  {
    ...{ kind: 'reward collapse', metric: 'reward', pauses: true },
    message: 'The policy collapsed: nothing earns a reward any more.',
    evidence:
      'Mean reward 0 over the last 4 steps, 1.16 at best before; the standard error of that difference is 0.217.',
    hint: 'Begin again with a smaller "Learning rate" (learningRate), or with some "Hold to start (β)" (beta).',
  },
];

/** Eight of them are made ready for each step. */
const CLIPS = { unreadable: 1, total: 77 };

type RunOptions = Required<Pick<FakeOptions, 'stepMs' | 'fails' | 'unwellAt'>> & Pick<FakeOptions, 'loaded'>;

class FakeRun {
  step = 0;
  /** The bench that goes on until it is stopped. */
  benchId = 0;
  readonly answers: FakeAnswers;
  readonly #say: (event: Event) => void;
  readonly #options: RunOptions;
  #steps = 0;
  #config?: Config;
  #changed: LiveValues | undefined;
  #evalEvery = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The stored run that was taken up. */
  #kept: { runId: string; name: string } | undefined;

  constructor(say: (event: Event) => void, options: RunOptions) {
    this.#say = say;
    this.answers = new FakeAnswers(say);
    this.#options = options;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Other settings, which its next step is the first to have. */
  change(values: LiveValues): Config {
    this.#changed = values;
    this.#config = { ...this.#config!, ...values };
    return this.#config;
  }

  start(config: Config): void {
    const { steps, evalEvery } = config;
    this.#config = config;
    this.step = 0;
    this.answers.clear();
    this.#steps = steps;
    this.#evalEvery = evalEvery;
    this.#kept = undefined;
    this.#tell('loading');
    this.#say({ type: 'progress', what: 'Preparing clips', done: 42, total: 96, unit: 'clips' });
    const { loaded, fails } = this.#options;
    const begin = () => (fails ? this.#fail() : this.resume());
    if (loaded) void loaded.then(begin);
    else begin();
  }

  /** As a run whose clips cannot be read: the error first, then the state. */
  #fail(): void {
    const message = 'No clip of the training split could be read.';
    this.#say({ type: 'error', message, hint: 'Look at the issues of the data set.', fatal: false });
    this.#say({ type: 'state', state: 'failed', step: 0, steps: this.#steps, message });
  }

  /** Reports the steps that a stored run has behind it, and goes on. */
  take(command: CommandOf<'resumeRun'>, stored: StoredRun): void {
    const { requestId, step: choice = stored.step, rest } = command;
    const step = typeof choice === 'number' ? choice : chosenStep(stored, choice);
    const { name, id, steps } = stored;
    this.#steps = steps;
    this.#say({ type: 'note', message: 'A copy of its settings was damaged.', hint: 'The other is whole.' });
    this.#say({ type: 'resumed', requestId, run: stored, config: { ...stored.config, steps } });
    this.#tellPast(step);
    this.#kept = { runId: id, name };
    this.#save();
    if (rest) this.pause();
    else this.resume();
  }

  #tellPast(step: number): void {
    this.answers.clear();
    const past = Array.from({ length: step }, (_, i) => i + 1);
    for (const at of past) this.answers.log.add(at, playRollouts(at, this.#steps).groups);
    const steps = past.map((at) => {
      const { type: _, ...report } = playStep(at, this.#steps);
      return report;
    });
    this.#say({ type: 'past', steps, answered: this.answers.log.steps });
    this.step = step;
  }

  single(config?: Config): void {
    if (config) {
      this.step = 0;
      this.answers.clear();
      this.#steps = config.steps;
    }
    this.#report();
    this.#end('paused');
  }

  resume(): void {
    this.#tell('running');
    const tick = () => {
      const last = Math.min(this.#steps, this.step + (this.#options.stepMs === 0 ? STEPS_AT_ONCE : 1));
      const { unwellAt } = this.#options;
      const stepsBefore = this.step;
      while (this.step < last) this.#report();
      if (stepsBefore < unwellAt && this.step >= unwellAt) this.#rest(unwellAt);
      else if (this.step >= this.#steps) this.#end('finished');
      else {
        this.#tell('running');
        this.#timer = setTimeout(tick, this.#options.stepMs);
      }
    };
    this.#timer = setTimeout(tick, this.#options.stepMs);
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.#end('paused');
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#end('stopped');
  }

  #end(state: 'paused' | 'stopped' | 'finished', message?: string): void {
    this.#save();
    this.#tell(state, message);
  }

  /** A run leaves a checkpoint wherever it rests or ends. */
  #save(): void {
    if (this.step > 0) this.#say(playSaved(this.step, this.#kept));
  }

  #tell(state: 'loading' | 'running' | 'paused' | 'stopped' | 'finished', message?: string): void {
    this.#say({ type: 'state', state, step: this.step, steps: this.#steps, ...(message ? { message } : {}) });
  }

  /** As a run that collapsed: what was seen, then a rest with its reason. */
  #rest(step: number): void {
    this.#say({
      type: 'alarm',
      alarm: { ...FAKE_ALARMS[0]!, step: step - 2, goodStep: step - 6, answers: { step: step - 2 } },
    });
    this.#say({ type: 'alarm', alarm: { ...FAKE_ALARMS[1]!, step, goodStep: step - 6 } });
    this.#end('paused', FAKE_ALARMS[1]!.message);
  }

  #report(): void {
    const step = ++this.step;
    for (const piece of playLive(step, this.#steps)) this.#say(piece);
    const isEvaluated = this.#evalEvery > 0 && step % this.#evalEvery === 0;
    if (isEvaluated) this.#say({ type: 'eval', result: playEval(step, { split: 'val' }) });
    const ready = Math.min(CLIPS.total - CLIPS.unreadable, 8 * step);
    this.#say({ type: 'clips', ...CLIPS, ready });
    this.#say({
      ...playStep(step, this.#steps, isEvaluated),
      ...(this.#changed && { changed: this.#changed }),
    });
    this.#changed = undefined;
    const told = playRollouts(step, this.#steps);
    this.answers.log.add(step, told.groups);
    this.#say(told);
  }
}
