/** An export that broke off: whether it can be begun again, by what is kept on this device, and its new beginning. */
import { InputError } from '../../math/errors.ts';
import type { ExportRequest } from '../../protocol/messages.ts';
import type { StudioState } from '../../store/state.ts';
import type { Studio } from '../../store/studio.ts';
import { mayUse } from '../model/folder-handles.ts';

type Known = Pick<StudioState, 'stored' | 'saved' | 'model'>;

/** Why it cannot be, and what to do instead; undefined when it can. */
export function obstacleTo({ run }: ExportRequest, { stored, saved }: Known): string | undefined {
  const present = saved?.id === run.id ? [saved.step] : undefined;
  const kept = stored.find(({ id }) => id === run.id)?.checkpoints.map(({ step }) => step) ?? present;
  if (!kept) {
    return `Its run ${run.name} is not kept on this device any more, or another tab is at work on it. Export in that tab; without one, open or train another run and export that below.`;
  }
  if (kept.includes(run.step)) return undefined;
  return `It was of step ${run.step}, but its run ${run.name} is kept at step ${kept.join(', ')}: open that on the Runs screen and export it below.`;
}

/** What a person has to open first; undefined when nothing. */
export function unopened({ run }: ExportRequest, { stored, model }: Known): string | undefined {
  const kept = stored.find(({ id }) => id === run.id);
  if (!kept || kept.demo || kept.model === model?.name) return undefined;
  return `First open its model, ${kept.model}, and its data, ${kept.data}.`;
}

/** To be called from a click: the browser may ask the person for the folder once more. */
export async function exportAgain(
  studio: Pick<Studio, 'report'> & { ask(type: 'export', fields: ExportRequest): Promise<void> },
  request: ExportRequest,
): Promise<void> {
  const { place } = request;
  if (place.kind !== 'folder' || (await mayUse(place.folder, 'readwrite'))) {
    return studio.ask('export', request);
  }
  studio.report(
    new InputError(`The browser does not let the page write into ${place.folder.name}.`, {
      hint: 'Press Export again and allow it, or choose a folder with Save to folder.',
    }),
  );
}
