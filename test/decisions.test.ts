import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../src/cli/setup/paths.mjs';

const ROOT = projectRoot();
const FOLDER = join(ROOT, 'src', 'decisions');
/** What may name an entry: the sources, their shaders and tests, and what is written about them. */
const PLACES = ['src', 'shaders', 'test', '.github', 'README.md'];
const TEXT = /\.(tsx?|mjs|css|wgsl|py|md|yml)$/;

interface Entry {
  readonly number: number;
  readonly title: string;
  readonly file: string;
}

function entriesOf(file: string): Entry[] {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  return [...text.matchAll(/^## D-(\d{3}): (.+)\n\d{4}-\d\d-\d\d\n/gm)].map(([, number, title]) => ({
    number: Number(number),
    title: title ?? '',
    file,
  }));
}

/** The address of a heading, as forges make it. */
function addressOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
}

function indexLine({ number, title, file }: Entry): string {
  const id = `D-${String(number).padStart(3, '0')}`;
  return `- [${id}](${file}#${addressOf(`${id}: ${title}`)}) ${title}`;
}

function textFiles(place: string): string[] {
  const path = join(ROOT, place);
  if (TEXT.test(place)) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && TEXT.test(entry.name));
  return files.map((entry) => join(entry.parentPath, entry.name));
}

function namedIn(path: string): string[] {
  return readFileSync(path, 'utf8').match(/\bD-\d{3}\b/g) ?? [];
}

describe('the decisions', () => {
  const index = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  const files = [...index.matchAll(/^## \[`[^`]+`\]\((.+)\)$/gm)].map((match) => match[1] ?? '');
  const entries = files.flatMap(entriesOf);
  const headings = files.flatMap((file) => readFileSync(join(FOLDER, file), 'utf8').match(/^## .*/gm) ?? []);

  it('have a number, a title and a date, and every number once', () => {
    expect(entries.length).toBeGreaterThan(90);
    expect(headings).toHaveLength(entries.length);
    const numbers = entries.map((entry) => entry.number);
    expect(numbers).toEqual([...new Set(numbers)]);
    expect(Math.min(...numbers)).toBe(1);
  });

  it('stand newest first in their files', () => {
    for (const file of files) {
      const numbers = entriesOf(file).map((entry) => entry.number);
      expect(numbers, file).toEqual([...numbers].sort((a, b) => b - a));
    }
  });

  it('are in the index by their titles, and all files are', () => {
    expect(index.match(/^- \[D-.*/gm)).toEqual(entries.map(indexLine));
    expect(readdirSync(FOLDER).sort()).toEqual([...files, 'README.md', 'bench-numbers.md'].sort());
  });

  it('exist wherever one is named', () => {
    const known = new Set(entries.map(({ number }) => `D-${String(number).padStart(3, '0')}`));
    const missing = PLACES.flatMap(textFiles).flatMap((path) =>
      namedIn(path)
        .filter((id) => !known.has(id))
        .map((id) => `${id} in ${relative(ROOT, path)}`),
    );
    expect(missing).toEqual([]);
  });
});
