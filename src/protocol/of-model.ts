/** Settings that are about something which not every model has. Pure. */
import type { ConfigKey } from './config.ts';
import type { ModelSummary } from './messages.ts';

/** Settings of parts that a model may lack. */
const OF_PARTS: Partial<Record<ConfigKey, string>> = {
  trainProjectors: 'projectors',
  trainGate: 'gate',
  trainBert: 'bert',
};

/** Settings of a vision tower that takes pictures of any size and can train. */
export const OF_TOWER = [
  ...(['trainVision', 'loraVision'] as const),
  ...(['minPixels', 'maxPixels', 'framesPerSecond', 'maxFrames'] as const),
] satisfies readonly ConfigKey[];

/** Whether a model has what a setting is about. */
export function hasWhatIsSet(
  { parts, anySize }: Pick<ModelSummary, 'parts' | 'anySize'>,
  key: ConfigKey,
): boolean {
  const part = OF_PARTS[key];
  if (part !== undefined) return part in parts;
  return anySize === true || !OF_TOWER.some((each) => each === key);
}
