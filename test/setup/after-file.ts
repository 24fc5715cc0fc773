/** Test files share a process: what one has put in the place of a global, the next one does not find. */
import { afterAll, vi } from 'vitest';

afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
