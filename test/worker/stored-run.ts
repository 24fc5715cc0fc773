/** A small stored run as the studio writes it, on files in memory. */

import type { FileToWrite } from '../../src/io/sealed/sealed.ts';
import { safetensorsParts, type TensorToWrite } from '../../src/io/tensors/safetensors-write.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import type { EvalResult, RolloutGroup } from '../../src/protocol/messages.ts';
import type { AnswerTokens } from '../../src/rl/measure/token-values.ts';
import { AnswerLog } from '../../src/worker/runs/answer-log.ts';
import type { LookThrough } from '../../src/worker/runs/lock.ts';
import type { RunDescription, TrainState } from '../../src/worker/runs/records.ts';
import type { RunStore } from '../../src/worker/runs/run-store.ts';
import { TokenLog } from '../../src/worker/runs/token-log.ts';

export const ADAPTER = { vendor: 'v', architecture: 'a', description: 'd' };

/** No tab is at work on any run. */
export const free: LookThrough = (_, look) => look();

export function describeRun(id: string): RunDescription {
  return {
    ...{ format: 1, id, name: 'calm-fox', createdAt: 1, demo: true, device: ADAPTER, studio: '0.1.0' },
    model: { name: 'tiny', identity: '1' },
    data: { name: 'clips', identity: '2' },
    config: parseConfig({ steps: 100, keepCheckpoints: 2 }),
  };
}

export const stateAt = (step: number, more: Partial<TrainState> = {}): TrainState => ({
  ...{ format: 1, step, adamSteps: step, tokens: 10 * step, clips: 4, savedAt: step },
  ...{ sampler: { epoch: 0, index: step }, device: ADAPTER, studio: '0.1.0', ...more },
});

function tensor(name: string, value: number): TensorToWrite {
  const bytes = async () => new Uint8Array(Float32Array.of(value, value, value).buffer);
  return { name, dtype: 'F32', shape: [3], bytes };
}

/** Weights and moments are made of the step. */
export function checkpoint(step: number, more: Partial<TrainState> = {}): FileToWrite[] {
  async function* text(content: string) {
    yield new TextEncoder().encode(content);
  }
  return [
    { name: 'model.safetensors', parts: safetensorsParts([tensor('w', step)]) },
    { name: 'optimizer.safetensors', parts: safetensorsParts([tensor('w.exp_avg', step)]) },
    { name: 'state.json', parts: text(`${JSON.stringify(stateAt(step, more), null, 2)}\n`) },
  ];
}

export const group = (answers: string[]): RolloutGroup => ({
  exampleId: 'a.mp4',
  label: 'sad',
  completions: answers.map((text) => ({
    ...{ text, rawText: text, tokens: 1, ended: 'eos' as const },
    ...{ rewards: { accuracy: 1 }, total: 1, advantage: 0, answer: null },
  })),
});

export const evaluation = (step: number): EvalResult => ({
  ...{ split: 'val', step, n: 1, correct: 1, war: 1, uar: 1, unreadable: 0, clips: [] },
  // As of clips that are all right: the one interval cannot be told.
  ...{ interval: null, uarInterval: [0, 1] },
  tolerant: { correct: 1, war: 1, uar: 1, unreadable: 0 },
  confusion: { labels: [], counts: [], unreadable: [] },
});

/** Steps of the logs: metrics and two groups of answers each. */
export const metricsAt = (step: number) => ({ reward: step / 3, loss: step === 2 ? Number.NaN : 0 });
export const groupsAt = (step: number) => [group([`${step}a`, `${step}b`]), group([`${step}c`])];
/** Tokens of these three answers, the last of which went through no pass. */
export const tokensAt = (step: number): AnswerTokens[] =>
  [0, 1, 2].map((place) => {
    const ids = Uint32Array.of(step, 150_000 + place);
    const sampler = Float32Array.of(-step / 7, -place / 3);
    const pass = { logProbs: sampler, entropies: Float32Array.of(1, 2), mismatches: new Float32Array(2) };
    return { ids, pieces: [`${step}`, 'é'], sampler, ...(place === 2 ? {} : { pass }) };
  });

/** Writes the logs of a run up to a step. */
export async function writeLogs(store: RunStore, id: string, steps: number): Promise<void> {
  const answers = new AnswerLog();
  const tokens = new TokenLog();
  const logs = store.logs(id, answers, tokens);
  logs.addEvaluation(evaluation(0));
  for (let step = 1; step <= steps; step++) {
    logs.addStep({ type: 'step', step, metrics: metricsAt(step), seconds: {} });
    answers.add(step, groupsAt(step));
    tokens.append(step, tokensAt(step));
  }
  await logs.flush();
}

/** What the logs tell up to a step, and what is wrong with them. */
export async function replayed(store: RunStore, id: string, step: number) {
  const seen: unknown[] = [];
  const answers = new AnswerLog();
  const notes = await store.logs(id, answers, new TokenLog()).replay(step, {
    step: (event) => seen.push([event.step, event.metrics]),
    alarm: (alarm) => seen.push(alarm),
    evaluation: (result) => seen.push(result),
  });
  for (const at of answers.steps) seen.push([at, await answers.groups(at)]);
  return { seen, notes };
}
