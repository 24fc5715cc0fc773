/** What a person set, kept on this device: for each kind of model its own, so that the demo's never meet another model. */
import type { SettingsKeeper } from '../store/studio.ts';

const PREFIX = 'studio.settings.';
const READING = 'studio.reading.';

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
  reading: {
    load(key) {
      try {
        return JSON.parse(localStorage.getItem(READING + key) ?? '{}');
      } catch {
        return {};
      }
    },
    save(key, { columns, answers }) {
      try {
        const isNothing = Object.keys({ ...columns, ...answers }).length === 0;
        if (isNothing) localStorage.removeItem(READING + key);
        else localStorage.setItem(READING + key, JSON.stringify({ columns, answers }));
      } catch {
        // As above.
      }
    },
  },
};
