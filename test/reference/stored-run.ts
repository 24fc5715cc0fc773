import { defaultConfig } from '../../src/protocol/config.ts';
import type { StoredRun } from '../../src/protocol/messages.ts';

/** A run as the list has it, about which nothing is said but this. */
export const storedRun = (values: Partial<StoredRun> = {}): StoredRun => ({
  ...{ id: 'calm-heron-2', name: 'calm-heron', about: { tags: [], notes: '' }, glance: {} },
  ...{ createdAt: 0, config: defaultConfig(), step: 5, steps: 9, savedAt: 0, bytes: 1 },
  ...{ model: 'm', data: 'd', demo: false, sameDevice: true, notes: [] },
  ...{ checkpoints: [{ step: values.step ?? 5, savedAt: 0 }], ...values },
});
