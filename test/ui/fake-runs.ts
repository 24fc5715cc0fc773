/** The runs that a pretended worker keeps: three that are whole, one of them a fork, and one that is damaged. */
import { defaultConfig } from '../../src/protocol/config.ts';
import type { CommandOf, DamagedRun, Event, StoredRun } from '../../src/protocol/messages.ts';
import { storedRun } from '../reference/stored-run.ts';

const day = (date: number, hour: number, minute: number): number => Date.UTC(2026, 10, date, hour, minute);

const rising = (to: number): [number, number][] =>
  Array.from({ length: 24 }, (_, i) => [
    1 + Math.floor((i * 59) / 23),
    to * (1 - Math.exp(-i / 6)) + (i % 3) / 20,
  ]);

const FAKE_RUNS: readonly StoredRun[] = [
  storedRun({
    ...{ id: 'brave-otter-1', name: 'brave-otter', demo: true, bytes: 9_000_000 },
    ...{ step: 60, steps: 120, createdAt: day(21, 9, 0), savedAt: day(21, 9, 30) },
    ...{ model: 'tiny-humanomni', data: 'demo' },
    config: { ...defaultConfig(), steps: 120, learningRate: 1e-4 },
    about: { tags: ['demo', 'paper'], notes: 'Clipped less after step 30 <b>?</b>' },
    glance: {
      curve: { metric: 'reward', points: rising(1.1) },
      last: 1.12,
      score: { metric: 'eval/war', value: 0.875, best: 0.9375, step: 60 },
    },
    checkpoints: [
      { step: 20, savedAt: day(21, 9, 10), best: { metric: 'eval/war', value: 0.9375 } },
      { step: 40, savedAt: day(21, 9, 20), healthy: true },
      { step: 60, savedAt: day(21, 9, 30) },
    ],
  }),
  storedRun({
    ...{ id: 'keen-ibex-4', name: 'keen-ibex', demo: true, bytes: 8_000_000 },
    ...{ step: 90, steps: 90, createdAt: day(21, 11, 0), savedAt: day(21, 11, 20) },
    ...{ model: 'tiny-humanomni', data: 'demo' },
    from: { id: 'brave-otter-1', name: 'brave-otter', step: 20 },
    config: { ...defaultConfig(), steps: 90, learningRate: 3e-5, beta: 0.04 },
    about: { tags: ['paper'], notes: '' },
    glance: {
      curve: { metric: 'reward', points: rising(1.3) },
      last: 1.31,
      score: { metric: 'eval/war', value: 1, best: 1, step: 90 },
    },
    checkpoints: [{ step: 90, savedAt: day(21, 11, 20) }],
  }),
  storedRun({
    ...{ id: 'calm-heron-2', name: 'calm-heron', bytes: 71_000_000, sameDevice: false },
    ...{ step: 400, steps: 400, createdAt: day(20, 9, 0), savedAt: day(20, 18, 5) },
    ...{ model: 'HumanOmni-0.5B', data: 'clinic-2026' },
    glance: { curve: { metric: 'reward', points: rising(0.7) }, last: 0.71 },
    checkpoints: [{ step: 400, savedAt: day(20, 18, 5) }],
    notes: [
      'The checkpoint of step 390 cannot be used: runs/calm-heron-2/checkpoints/step-390/model.safetensors is missing, expected 70000 bytes.',
    ],
  }),
];

const FAKE_DAMAGED: readonly DamagedRun[] = [
  {
    ...{ id: 'keen-lynx-3', name: 'keen-lynx-3', bytes: 64_000_000, whole: [30] },
    reason: 'runs/keen-lynx-3/config.json: its format is 2, expected 1.',
  },
];

/** The shelf of a pretended worker. */
export class FakeKept {
  readonly #say: (event: Event) => void;
  #runs = FAKE_RUNS;
  #damaged = FAKE_DAMAGED;
  /** The run that is at work, of those. */
  #taken: StoredRun | undefined;

  constructor(say: (event: Event) => void) {
    this.#say = say;
  }

  tell(): void {
    this.#say({ type: 'runs', runs: [...this.#runs], damaged: [...this.#damaged] });
  }

  find(runId: string): StoredRun {
    return this.#runs.find(({ id }) => id === runId)!;
  }

  /** A run that is not listed any more. */
  take(runId: string): StoredRun {
    this.#taken = this.find(runId);
    this.#runs = this.#runs.filter(({ id }) => id !== runId);
    return this.#taken;
  }

  about({ requestId, runId, change }: CommandOf<'aboutRun'>): void {
    const known = [...this.#runs, this.#taken].find((run) => run?.id === runId) ?? storedRun({ id: runId });
    const { name, ...about } = change ?? { name: known.name, ...known.about };
    if (change) {
      this.#runs = this.#runs.map((run) => (run.id === runId ? { ...run, name, about } : run));
      this.tell();
    }
    this.#say({ type: 'aboutRun', requestId, runId, about: { name, ...about } });
    this.#say({ type: 'done', requestId });
  }

  delete({ requestId, runId }: CommandOf<'deleteRun'>): void {
    const others = <T extends { id: string }>(list: readonly T[]) => list.filter(({ id }) => id !== runId);
    this.#runs = others(this.#runs);
    this.#damaged = others(this.#damaged);
    this.tell();
    this.#say({ type: 'done', requestId });
  }
}
