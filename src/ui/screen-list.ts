/** Every screen by its name, out of the folder of that name. */
import { SCREEN_IDS, type ScreenId } from './address.ts';
import type { Screen } from './screen.ts';

const FOLDERS = import.meta.glob<Screen>('./*/index.ts', { eager: true, import: 'default' });

export const SCREENS = Object.fromEntries(
  SCREEN_IDS.map((id) => [id, FOLDERS[`./${id}/index.ts`]]),
) as Record<ScreenId, Screen>;
