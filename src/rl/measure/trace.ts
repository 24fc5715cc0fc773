/**
 * Steps as tracks in the browser's performance recording (Chrome's "Performance" panel): a group "Omni GRPO" with a track
 * of the stages that a step goes through and one of what the device works on. An entry is taken out of the page's own
 * list at once, so that a long run keeps none; a recording that is under way has it by then.
 */
import type { DeviceSpan } from '../../gpu/index.ts';

/** In milliseconds of `performance.now()`. */
export interface Span {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const GROUP = 'Omni GRPO';
/** Submissions of one part with less than this between them are one entry: a rollout has hundreds. */
const GAP_MS = 1;

const NAMES: Readonly<Record<string, string>> = {
  reference: 'reference forward',
  forward: 'policy forward',
  optimizer: 'optimizer step',
};

function trace({ name, start, end }: Span, track: string, color: string): void {
  const devtools = { dataType: 'track-entry', trackGroup: GROUP, track, color };
  performance.measure(name, { start, end, detail: { devtools } });
  performance.clearMeasures(name);
}

/** Neighbours of the same part put together. */
export function mergeSpans(spans: readonly DeviceSpan[]): Span[] {
  const merged: { name: string; start: number; end: number }[] = [];
  for (const { part, start, end } of spans) {
    const last = merged.at(-1);
    const name = NAMES[part] ?? part;
    if (last?.name === name && start - last.end < GAP_MS) last.end = Math.max(last.end, end);
    else merged.push({ name, start, end });
  }
  return merged;
}

/** Leaves a step with its stages and the device's work in the recording, where one is made. */
export function traceStep(step: Span, stages: readonly Span[], device: readonly DeviceSpan[]): void {
  trace(step, 'Stages', 'secondary');
  for (const stage of stages) trace(stage, 'Stages', 'primary');
  for (const span of mergeSpans(device)) trace(span, 'Device', 'tertiary');
}
