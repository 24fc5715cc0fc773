/** The pretended worker's models: some in storage, and a download that goes on until it is paused. */

import type { Command, DownloadStatus, Event, HubSource, StoredModel } from '../../src/protocol/messages.ts';
import type { RewardModelSummary } from '../../src/protocol/reward-models.ts';

const HUB = 'https://huggingface.co';
const TOTAL = 2_746_355_850;
const BYTES_PER_TICK = 3_000_000;

function stored(source: HubSource, done: number, total = TOTAL): StoredModel {
  return { key: source.id, source, done, total, complete: done === total, isClassifier: false };
}

const SOME = [
  stored({ baseUrl: HUB, id: 'StarJiaxing/R1-Omni-0.5B', revision: 'main' }, TOTAL),
  stored({ baseUrl: 'https://mirror.example', id: 'someone/a-half-model', revision: 'v2' }, 0.32 * TOTAL),
];

/** A classifier in storage, with the labels of GoEmotions. */
export const FAKE_SCORER: RewardModelSummary = {
  ...{ identity: 'of-its-files', name: 'emo-classifier', type: 'roberta', hasTemplate: false },
  labels: (
    'admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval disgust ' +
    'embarrassment excitement fear gratitude grief joy love nervousness optimism pride realization relief remorse sadness ' +
    'surprise neutral'
  ).split(' '),
  ...{ mostTokens: 512, bytes: 498_000_000, notes: [] },
};

const SCORER = {
  ...stored(
    { baseUrl: HUB, id: 'someone/emo-classifier', revision: 'main' },
    FAKE_SCORER.bytes,
    FAKE_SCORER.bytes,
  ),
  isClassifier: true,
};

type Say = (event: Event) => void;
type ModelCommand = Extract<
  Command,
  { type: 'listModels' | 'downloadModel' | 'stopDownload' | 'removeModel' }
>;

export class FakeModels {
  readonly #say: Say;
  #models: StoredModel[];
  #timer: ReturnType<typeof setInterval> | undefined;
  #status: { requestId: number; status: DownloadStatus } | undefined;

  constructor(say: Say, some: boolean, scorer: boolean) {
    this.#say = say;
    this.#models = [...(some ? SOME : []), ...(scorer ? [SCORER] : [])];
  }

  answer(command: ModelCommand): void {
    if (command.type === 'stopDownload') this.#stop();
    else if (command.type === 'downloadModel') this.#download(command.requestId, command.source);
    else {
      if (command.type === 'removeModel')
        this.#models = this.#models.filter(({ key }) => key !== command.key);
      this.#list();
      this.#say({ type: 'done', requestId: command.requestId });
    }
  }

  #list(): void {
    this.#say({ type: 'models', models: [...this.#models] });
  }

  #download(requestId: number, source: HubSource): void {
    if (source.id === 'owner/closed') {
      const message = 'huggingface.co does not give owner/closed to anyone (status 401).';
      this.#say({ type: 'error', requestId, message, hint: 'Check the name.', fatal: false });
      return;
    }
    const done = this.#models.find(({ key }) => key === source.id)?.done ?? 0;
    const common = { key: source.id, source, file: 'model.safetensors', total: TOTAL };
    this.#status = { requestId, status: { ...common, phase: 'downloading', done } };
    this.#timer = setInterval(() => this.#tick(), 50);
    this.#tick();
  }

  #tick(): void {
    if (!this.#status) return;
    const { requestId, status } = this.#status;
    this.#status = { requestId, status: { ...status, done: status.done + BYTES_PER_TICK } };
    this.#say({ type: 'download', ...this.#status });
  }

  #stop(): void {
    clearInterval(this.#timer);
    if (!this.#status) return;
    const { requestId, status } = this.#status;
    this.#status = undefined;
    const others = this.#models.filter(({ key }) => key !== status.key);
    this.#models = [...others, stored(status.source, status.done)];
    this.#say({ type: 'download', requestId, status: { ...status, phase: 'stopped' } });
    this.#list();
    this.#say({ type: 'done', requestId });
  }
}
