/** What an export under way was asked to be, kept in IndexedDB: the handle of a chosen folder fits into no file. */
import { del, get, set } from 'idb-keyval';
import { isExportRequest } from '../../protocol/kept.ts';
import type { ExportRequest } from '../../protocol/messages.ts';

const KEY = 'export-under-way';

interface Remembered {
  /** That of the export's record in the storage: tells that both are of one export. */
  readonly started: string;
  readonly request: ExportRequest;
}

/** Remembers a request, or that there is none, until another export begins. A browser that keeps nothing is no reason not to export. */
export async function rememberRequest(started: string, request: ExportRequest | undefined): Promise<void> {
  const kept = request ? set(KEY, { started, request } satisfies Remembered) : del(KEY);
  await kept.catch(() => undefined);
}

/** The request of the export that was begun at this moment; undefined when it was not remembered. */
export async function rememberedRequest(started: string): Promise<ExportRequest | undefined> {
  const found = await get<Partial<Remembered>>(KEY).catch(() => undefined);
  return found?.started === started && isExportRequest(found.request) ? found.request : undefined;
}

export async function forgetRequest(): Promise<void> {
  await del(KEY).catch(() => undefined);
}
