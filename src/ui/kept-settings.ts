/** What a person set, kept on this device: for each kind of model its own, so that the demo's never meet another model. */
import type { SettingsKeeper } from '../store/studio.ts';

const PREFIX = 'studio.settings.';

export const keptSettings: SettingsKeeper = {
  load(key) {
    try {
      return JSON.parse(localStorage.getItem(PREFIX + key) ?? '{}');
    } catch {
      // A record that cannot be read, or a browser that keeps nothing: as if nothing had been set.
      return {};
    }
  },
  save(key, edits) {
    try {
      if (Object.keys(edits).length === 0) localStorage.removeItem(PREFIX + key);
      else localStorage.setItem(PREFIX + key, JSON.stringify(edits));
    } catch {
      // The settings of this visit stay as they are; only the next visit will not know them.
    }
  },
};
