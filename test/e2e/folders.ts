/** Folders made for the end-to-end tests: a few clips of the demo with an annotation, whole or broken. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

export interface Folder {
  readonly path: string;
  add(name: string, content: string | Uint8Array): void;
  copy(name: string, from: string): void;
  remove(): void;
}

const root = (path: string) => join(projectRoot(), path);

/** An empty folder of that name, somewhere temporary. */
export function makeFolder(name: string): Folder {
  const holder = mkdtempSync(join(tmpdir(), 'studio-e2e-'));
  const path = join(holder, name);
  const place = (file: string) => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    return join(path, file);
  };
  mkdirSync(path);
  return {
    path,
    add: (file, content) => writeFileSync(place(file), content),
    copy: (file, from) => copyFileSync(root(from), place(file)),
    remove: () => rmSync(holder, { recursive: true, force: true }),
  };
}

interface Row {
  readonly video: string;
  readonly split: string;
  readonly conversations: readonly { readonly from: string; readonly value: string }[];
}

/** The first clips of the demo that belong to a split. */
export function demoRows(split: string, count: number): Row[] {
  const rows = JSON.parse(readFileSync(root('public/demo/data.json'), 'utf8')) as Row[];
  return rows.filter((row) => row.split === split).slice(0, count);
}

/** A data set of a few clips of the demo. */
export function smallDataset(name: string, train = 4, test = 2): Folder {
  const folder = makeFolder(name);
  const rows = [...demoRows('train', train), ...demoRows('test', test)];
  for (const { video } of rows) folder.copy(video, `public/demo/${video}`);
  folder.add('data.json', JSON.stringify(rows));
  return folder;
}
