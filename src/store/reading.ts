/** How a person has the data set read that is open: which columns, which answers; kept from visit to visit. */
import type { StoreApi } from 'zustand/vanilla';
import { deriveSeed } from '../math/random.ts';
import type { DataSummary, SourceFile } from '../protocol/messages.ts';
import { type AskAnswers, askAnswers, type ColumnChoice, columnChoice } from '../protocol/reading.ts';
import type { Ask } from './asking.ts';
import type { StudioState } from './state.ts';

export interface ReadingChoice {
  readonly columns: ColumnChoice;
  readonly answers: AskAnswers;
}

/** Keeps choices by data set. */
export interface ReadingKeeper {
  load(key: string): unknown;
  save(key: string, choice: ReadingChoice): void;
}

export interface DataControls {
  /** As the person had it read before, where such a data set was open before. */
  openData(files: SourceFile[]): Promise<void>;
  /** Opens the present data set again with another of its folds. */
  chooseFold(fold: number): Promise<void>;
  /** Opens the present data set again, read as a person chose, and keeps that choice. */
  readAs(choice: ReadingChoice): Promise<void>;
}

type Wanted = Partial<ReadingChoice> & { readonly fold?: number };

export function dataControls(store: StoreApi<StudioState>, ask: Ask, keeper?: ReadingKeeper): DataControls {
  /** Those of the data set that is open. */
  let open: { readonly files: SourceFile[]; readonly wanted: Wanted } = { files: [], wanted: {} };
  const key = () => readingKey(store.getState().data);
  const read = async (files: SourceFile[], wanted: Wanted): Promise<void> => {
    await ask('openData', { files, ...wanted });
    open = { files, wanted };
  };
  return {
    async openData(files) {
      await read(files, {});
      const known = key();
      const kept = keeper && soundChoice(keeper.load(known));
      if (!kept) return;
      try {
        await read(files, kept);
      } catch (error) {
        // What was chosen fits no more: the next visit asks anew.
        keeper.save(known, { columns: {}, answers: {} });
        throw error;
      }
    },
    chooseFold: (fold) => read(open.files, { ...open.wanted, fold }),
    async readAs(choice) {
      await read(open.files, { ...open.wanted, ...choice });
      keeper?.save(key(), choice);
    },
  };
}

/** Names a data set by its folder and the columns of its lists. */
function readingKey(data: DataSummary | undefined): string {
  const names = new Set((data?.reading?.lists ?? []).flatMap((list) => list.names));
  return `${data?.name ?? ''}.${deriveSeed(0, [...names].sort().join('\n')).toString(36)}`;
}

/** What was kept, where it is a choice. */
function soundChoice(kept: unknown): ReadingChoice | undefined {
  if (typeof kept !== 'object' || kept === null) return undefined;
  const { columns, answers } = kept as Record<string, unknown>;
  const found = {
    columns: columnChoice.safeParse(columns).data ?? {},
    answers: askAnswers.safeParse(answers).data ?? {},
  };
  return Object.keys({ ...found.columns, ...found.answers }).length > 0 ? found : undefined;
}
