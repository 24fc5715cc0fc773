/** Archives, Parquet files and workbooks in the browser, whose worker loads what reads them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeadlessSession, type PlainEvent } from '../../src/cli/headless.ts';
import { projectRoot } from '../../src/cli/setup/paths.mjs';
import { zipOf } from '../data/archives.ts';
import { parquetOf } from '../data/parquets.ts';
import { workbookOf } from '../data/workbooks.ts';
import { demoRows, type Folder, makeFolder } from './folders.ts';

const ROWS = [...demoRows('train', 3), ...demoRows('test', 1)];
const clipOf = (video: string) => new Uint8Array(readFileSync(join(projectRoot(), 'public/demo', video)));
const labelOf = ({ conversations }: (typeof ROWS)[number]) => conversations.at(-1)!.value;

/** A folder of one file. */
async function oneFile(name: string, content: Promise<Uint8Array> | Uint8Array): Promise<Folder> {
  const folder = makeFolder(name.replace(/\W/g, '-'));
  folder.add(name, await content);
  return folder;
}

const LIST = { 'data.json': JSON.stringify(ROWS) };
const CLIPS = Object.fromEntries(ROWS.map(({ video }) => [video, clipOf(video)]));

const MADE: readonly (readonly [string, () => Promise<Folder>])[] = [
  ['deflated.zip', () => oneFile('deflated.zip', zipOf({ ...LIST, ...CLIPS }, { level: 6 }))],
  ['stored.zip', () => oneFile('stored.zip', zipOf({ ...LIST, ...CLIPS }, { level: 0 }))],
  [
    'train.parquet',
    () =>
      oneFile(
        'train.parquet',
        parquetOf([
          {
            name: 'video',
            kind: 'file',
            data: ROWS.map(({ video }) => ({ bytes: clipOf(video), path: video })),
          },
          { name: 'label', kind: 'text', data: ROWS.map(labelOf) },
        ]),
      ),
  ],
  [
    'labels.xlsx',
    async () => {
      const rows = ROWS.map((row) => [row.video, labelOf(row)]);
      const folder = await oneFile('labels.xlsx', workbookOf({ Labels: [['video', 'label'], ...rows] }));
      for (const { video } of ROWS) folder.copy(video, `public/demo/${video}`);
      return folder;
    },
  ],
];

describe('a data set', () => {
  let session: HeadlessSession;
  beforeAll(async () => {
    session = await HeadlessSession.open();
    await session.openFolder('openModel', 'test/golden/omni-tiny');
  });
  afterAll(() => session.close());

  it.each(MADE)('as %s opens, and its clips are decoded', async (_, make) => {
    const folder = await make();
    try {
      const events = await session.openFolder('openData', folder.path);
      const opened = events.find(
        (event): event is Extract<PlainEvent, { type: 'data' }> => event.type === 'data',
      );
      expect([opened?.summary.count, opened?.summary.issues]).toEqual([ROWS.length, []]);
      for (const { id, label } of opened!.summary.examples) {
        const shown = await session.ask((requestId) => ({ type: 'preview', requestId, exampleId: id }));
        expect(shown.at(-1)?.type).toBe('done');
        expect(ROWS.map(labelOf)).toContain(label);
      }
    } finally {
      folder.remove();
    }
  });
});
