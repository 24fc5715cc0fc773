/** Where the page itself runs a person's files, and how far Python has been fetched for that. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { pageSandboxes } from '../../sandbox/frames.ts';
import { PYTHON_ADDRESSES } from '../../sandbox/python-addresses.ts';
import { SourceBench } from '../../sandbox/reward.ts';
import type { SandboxHost } from '../../sandbox/sandbox.ts';
import type { Language } from './own-files.ts';

/** Bytes. */
const fetched = createStore<{ readonly done: number; readonly total: number }>(() => ({ done: 0, total: 0 }));
let host: SandboxHost | undefined;

/** What checks the versions of a file, until it is closed. */
export function sandboxBench(language: Language): SourceBench {
  host ??= pageSandboxes(PYTHON_ADDRESSES, (done, total) => fetched.setState({ done, total }));
  return new SourceBench(host, language);
}

/** Bytes of Python that have come, while they come. */
export function usePythonFetch(): { readonly done: number; readonly total: number } | undefined {
  const progress = useStore(fetched);
  return progress.done < progress.total ? progress : undefined;
}
