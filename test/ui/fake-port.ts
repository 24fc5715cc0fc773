/**
 * A worker that only pretends, for tests of the page: it answers every command with plausible, seeded events. Nothing
 * here is shipped.
 */
import { normal, uniform } from '../../src/math/random.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type {
  Command,
  Completion,
  EvalResult,
  Event,
  RolloutGroup,
  Split,
  StoredRun,
} from '../../src/protocol/messages.ts';
import type { MetricValues } from '../../src/protocol/metrics.ts';
import type { Port } from '../../src/store/port.ts';

const LABELS = ['angry', 'happy', 'neutral', 'sad'];
const SPLIT_OF = (i: number): Split => (i % 10 === 8 ? 'val' : i % 10 === 9 ? 'test' : 'train');

export interface FakeOptions {
  /** Milliseconds between steps; 0 = as fast as the page takes them. */
  stepMs?: number;
  gpu?: boolean;
  clips?: number;
  /** Whether runs of earlier visits are kept. */
  stored?: boolean;
}

export function fakePort({ stepMs = 20, gpu = true, clips = 96, stored = false }: FakeOptions = {}): Port {
  let listener: (event: Event) => void = () => undefined;
  const say = (event: Event) => queueMicrotask(() => listener(event));
  const run = new FakeRun(say, stepMs);
  return {
    listen(next) {
      listener = next;
      if (stored) say({ type: 'runs', runs: FAKE_RUNS });
      if (gpu) say({ type: 'ready', device: DEVICE });
      else {
        const hint = 'Use Chrome 113 or newer; on Linux switch on chrome://flags/#enable-unsafe-webgpu.';
        say({ type: 'unavailable', reason: 'navigator.gpu is missing.', hint });
      }
    },
    post: (command) => void answer(command, say, run, gpu ? clips : 0),
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

const FAKE_RUNS: StoredRun[] = [
  {
    ...{ id: 'brave-otter-1', name: 'brave-otter', demo: true, bytes: 9_000_000, sameDevice: true },
    ...{ step: 60, steps: 120, savedAt: Date.UTC(2026, 10, 21, 9, 30) },
    ...{ model: 'tiny-humanomni', data: 'demo' },
  },
  {
    ...{ id: 'calm-heron-2', name: 'calm-heron', demo: false, bytes: 71_000_000, sameDevice: false },
    ...{ step: 400, steps: 400, savedAt: Date.UTC(2026, 10, 20, 18, 5) },
    ...{ model: 'HumanOmni-0.5B', data: 'clinic-2026' },
  },
];

async function answer(
  command: Command,
  say: (event: Event) => void,
  run: FakeRun,
  clips: number,
): Promise<void> {
  switch (command.type) {
    case 'openDemo':
    case 'openData':
    case 'openModel':
      return open(command, say, clips);
    case 'preview':
      return preview(command.requestId, command.exampleId, say);
    case 'start':
      return run.start(command.config);
    case 'step':
      return run.single(command.config);
    case 'pause':
      return run.pause();
    case 'resume':
      return run.resume();
    case 'stop':
      return run.stop();
    case 'evaluate':
      say({
        type: 'eval',
        requestId: command.requestId,
        result: evalResult(run.step, command.split, command.mute),
      });
      return say({ type: 'done', requestId: command.requestId });
    case 'export': {
      const names = ['model/config.json', 'model/model.safetensors', 'metrics.jsonl', 'rollouts.jsonl'];
      const files = names.map((name) => ({ name, blob: new Blob([name.repeat(1000)]) }));
      say({ type: 'exported', requestId: command.requestId, files });
      return say({ type: 'done', requestId: command.requestId });
    }
    case 'resumeRun':
      run.take(command.requestId, FAKE_RUNS.find(({ id }) => id === command.runId)!);
      return say({ type: 'done', requestId: command.requestId });
    case 'deleteRun':
      say({ type: 'runs', runs: FAKE_RUNS.filter(({ id }) => id !== command.runId) });
      return say({ type: 'done', requestId: command.requestId });
    default:
      return command satisfies never;
  }
}

type Opening = Extract<Command, { type: 'openDemo' | 'openData' | 'openModel' }>;

function open(command: Opening, say: (event: Event) => void, clips: number): void {
  const { requestId } = command;
  if (clips === 0) {
    say({ type: 'error', requestId, message: 'No GPU.', fatal: false });
    return;
  }
  say({ type: 'progress', requestId, what: 'Reading clips', done: 34, total: clips, unit: 'clips' });
  if (command.type !== 'openModel') say({ type: 'data', requestId, summary: dataSummary(clips) });
  if (command.type !== 'openData') {
    const parts = {
      decoder: 98_304,
      vision: 61_440,
      audio: 44_032,
      projectors: 210_112,
      gate: 8_195,
      bert: 33_024,
    };
    const summary = {
      name: 'tiny-humanomni',
      parts,
      trainable: 308_416,
      dtype: 'F32',
      bytes: 1_460_000,
      layout: 'one folder',
    };
    say({ type: 'model', requestId, summary: { ...summary, unusedTensors: [] } });
    say({
      type: 'memory',
      parts: { weights: 1_460_000, activations: 8_200_000, 'KV cache': 640_000 },
      peak: 10_900_000,
    });
  }
  say({ type: 'state', state: 'ready', step: 0, steps: 0 });
  say({ type: 'done', requestId });
}

function dataSummary(count: number) {
  const examples = Array.from({ length: count }, (_, i) => ({
    id: `clip-${i}`,
    path: `clips/clip_${String(i).padStart(4, '0')}.${i % 2 ? 'webm' : 'mp4'}`,
    label: LABELS[i % 7 === 6 ? 0 : i % 4]!,
    split: SPLIT_OF(i),
  }));
  const labels = LABELS.map((label) => ({
    label,
    count: examples.filter((each) => each.label === label).length,
  }));
  const of = (split: Split) => examples.filter((each) => each.split === split).length;
  const issues = [
    { file: 'clips/clip_0099.mp4', message: 'The file is empty (0 bytes).', hint: 'Copy it again.' },
    {
      file: 'data.json',
      row: 12,
      message: 'The label is empty.',
      hint: 'Give it one of angry, happy, neutral, sad.',
    },
  ];
  return {
    count,
    labels,
    splits: { train: of('train'), val: of('val'), test: of('test') },
    examples,
    issues,
  };
}

async function preview(requestId: number, exampleId: string, say: (event: Event) => void): Promise<void> {
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
    { length: 800 },
    (_, i) => Math.sin(i / 40) * Math.exp(-(((i % 200) - 90) ** 2) / 4000),
  );
  const values = Float32Array.from({ length: 80 * 160 }, (_, i) => {
    const mel = Math.floor(i / 160);
    return Math.sin(mel / 5) * Math.cos((i % 160) / 9) - mel / 60;
  });
  const prompt =
    '<|im_start|>user\n<vi_start><video><vi_end>\n<au_start><audio><au_end>\nWhich emotion?<|im_end|>\n<|im_start|>assistant\n';
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

const RIGHT_AT = (step: number) => 0.5 + 0.45 * (1 - Math.exp(-step / 35));

function completionOf(step: number, g: number, c: number, label: string): Completion {
  const right = uniform(1, step, g, c) < RIGHT_AT(step);
  const cut = uniform(2, step, g, c) < 0.03;
  const answer = right ? label : LABELS[(LABELS.indexOf(label) + 1 + (c % 3)) % 4]!;
  const text = cut
    ? '<think>the voice is loud and the'
    : `<think>the mouth and the voice</think>\n<answer>${answer}</answer>`;
  const rewards = { accuracy: right && !cut ? 1 : 0, format: cut ? 0 : 1 };
  return {
    text,
    rawText: cut ? text : `${text}<|im_end|>`,
    tokens: cut ? 24 : 14 + (c % 5),
    ended: cut ? 'length' : 'eos',
    rewards,
    total: rewards.accuracy + rewards.format,
    advantage: 0,
    answer: cut ? null : answer,
    meanKl: 0.004 * step * uniform(3, step, g, c),
  };
}

export function fakeGroups(step: number, prompts = 8, size = 8): RolloutGroup[] {
  return Array.from({ length: prompts }, (_, g) => {
    const label = LABELS[g % 4]!;
    const completions = Array.from({ length: size }, (_, c) => completionOf(step, g, c, label));
    const mean = completions.reduce((sum, { total }) => sum + total, 0) / size;
    const std = Math.sqrt(completions.reduce((sum, { total }) => sum + (total - mean) ** 2, 0) / (size - 1));
    for (const completion of completions) completion.advantage = (completion.total - mean) / (std + 1e-4);
    return { exampleId: `clip-${(step * prompts + g) % 96}`, label, completions };
  });
}

export function fakeMetrics(step: number): MetricValues {
  const noise = (stream: number) => normal(7, step, stream);
  const accuracy = Math.min(1, Math.max(0, RIGHT_AT(step) + 0.06 * noise(1)));
  const format = Math.min(1, 0.97 + 0.01 * noise(2));
  return {
    reward: accuracy + format,
    reward_std: 0.5 - 0.002 * step,
    frac_reward_zero_std: 0.1 + 0.003 * step,
    'rewards/accuracy/mean': accuracy,
    'rewards/format/mean': format,
    loss: 0.02 * noise(3),
    entropy: 0.9 * Math.exp(-step / 80) + 0.02 * noise(4),
    grad_norm: 0.6 + 0.1 * noise(5) + (step === 40 ? 2 : 0),
    learning_rate: 4e-4 * (1 - step / 120),
    'completions/mean_length': 16 + noise(6),
    'completions/min_length': 12,
    'completions/max_length': 24,
    'completions/clipped_ratio': 0.03,
    'clip_ratio/low_mean': 0.001,
    'clip_ratio/high_mean': 0.002,
    num_tokens: 4000 * step,
    step_time: 3.1 + 0.1 * noise(7),
    'tokens_per_second/generate': 410 + 12 * noise(8),
    'tokens_per_second/train': 2100 + 40 * noise(9),
    'memory/peak_bytes': 10_900_000,
    ...(step > 60 ? { kl: 0.0004 * step } : {}),
  };
}

function evalResult(step: number, split: Split, mute?: 'audio' | 'video'): EvalResult {
  const n = 48;
  const right = mute ? 0.5 : step > 0 ? 0.92 : 0.5;
  const counts = LABELS.map((_, i) => LABELS.map((_, j) => (i === j ? Math.round(12 * right) : 0)));
  counts.forEach((row, i) => {
    row[(i + 1) % 4] = 12 - Math.round(12 * right) - (i === 0 ? 1 : 0);
  });
  const correct = 4 * Math.round(12 * right);
  const war = correct / n;
  const half = 1.96 * Math.sqrt((war * (1 - war)) / n);
  const interval: [number, number] = [Math.max(0, war - half), Math.min(1, war + half)];
  return {
    split,
    step,
    mute,
    n,
    correct,
    war,
    uar: war,
    confusion: { labels: LABELS, counts, unreadable: [1, 0, 0, 0] },
    unreadable: 1,
    interval,
  };
}

class FakeRun {
  step = 0;
  readonly #say: (event: Event) => void;
  readonly #stepMs: number;
  #steps = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (event: Event) => void, stepMs: number) {
    this.#say = say;
    this.#stepMs = stepMs;
  }

  start({ steps }: Config): void {
    this.step = 0;
    this.#steps = steps;
    this.resume();
  }

  /** Reports the steps that a stored run has behind it, and goes on. */
  take(requestId: number, stored: StoredRun): void {
    const { name, id, step, steps } = stored;
    this.#steps = steps;
    this.#say({ type: 'resumed', requestId, run: stored, config: parseConfig({ steps }) });
    for (this.step = 0; this.step < step; ) this.#report();
    this.#say({ type: 'saved', runId: id, name, step });
    this.#say({ type: 'runs', runs: FAKE_RUNS.filter((each) => each.id !== id) });
    this.resume();
  }

  single(config?: Config): void {
    if (config) Object.assign(this, { step: 0 });
    if (config) this.#steps = config.steps;
    this.#report();
    this.#tell('paused');
  }

  resume(): void {
    this.#tell('running');
    const tick = () => {
      this.#report();
      if (this.step >= this.#steps) this.#tell('finished');
      else {
        this.#tell('running');
        this.#timer = setTimeout(tick, this.#stepMs);
      }
    };
    this.#timer = setTimeout(tick, this.#stepMs);
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.#tell('paused');
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#tell('stopped');
  }

  #tell(state: 'running' | 'paused' | 'stopped' | 'finished'): void {
    this.#say({ type: 'state', state, step: this.step, steps: this.#steps });
  }

  #report(): void {
    const step = ++this.step;
    const text = '<think>the mouth and the voice</think>\n<answer>hap';
    this.#say({ type: 'live', step, text, tokens: 12 });
    this.#say({ type: 'rollouts', step, groups: fakeGroups(step) });
    this.#say({
      type: 'step',
      step,
      metrics: fakeMetrics(step),
      seconds: { rollout: 2.1, score: 0.01, update: 0.9 },
    });
  }
}
