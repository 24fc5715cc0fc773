import { RECORDED_RUN } from '../../protocol/recorded-run.ts';
import { recordedFrom } from '../../store/recorded.ts';
import type { Studio } from '../../store/studio.ts';

/** Fetches the recorded run once the page has been painted. Without it, the page is as it was before there was one. */
export function loadRecorded({ store }: Pick<Studio, 'store'>, url: string = RECORDED_RUN): void {
  const load = async (): Promise<void> => {
    const response = await fetch(url);
    if (response.ok) store.setState({ recorded: recordedFrom(await response.json()) });
  };
  requestAnimationFrame(() => setTimeout(() => void load().catch(() => undefined)));
}
