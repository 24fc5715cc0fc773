import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../src/cli/setup/paths.mjs';

const ROOT = projectRoot();
const MAP = readFileSync(join(ROOT, 'src', 'FILES.md'), 'utf8');

/** Files of the map's folders; decisions have an index of their own. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.md'));
  return files.map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

/** The names before a line's colon, from the root of the project: `*` stands for the rest of a name. */
function namesOnMap(): string[] {
  const names: string[] = [];
  let folder = '';
  for (const line of MAP.split('\n')) {
    folder = /^## ((?:src|shaders)\/.*)$/.exec(line)?.[1] ?? folder;
    const list = /^- ((?:`[^`]+`(?:, )?)+): ./.exec(line)?.[1] ?? '';
    for (const [, name] of list.matchAll(/`([^`]+)`/g)) names.push(`${folder}${name}`);
  }
  return names;
}

function pattern(name: string): RegExp {
  return new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
}

describe('the map of files', () => {
  const files = [...filesIn('src'), ...filesIn('shaders')];
  const names = namesOnMap();

  it('has every file of src and shaders: one that is missing belongs on a line of src/FILES.md', () => {
    const patterns = names.map(pattern);
    expect(files.length).toBeGreaterThan(500);
    expect(files.filter((file) => !patterns.some((one) => one.test(file)))).toEqual([]);
  });

  it('names no file that is gone: such a name leaves src/FILES.md', () => {
    expect(names.filter((name) => !files.some((file) => pattern(name).test(file)))).toEqual([]);
  });

  it('has trails to files that exist, as has what is written for newcomers', () => {
    const trails = MAP.slice(MAP.indexOf('## Trails'), MAP.indexOf('## src/\n'));
    const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
    const texts = [trails, read('src/README.md'), read('.github/CONTRIBUTING.md')];
    const found = texts.join('\n').matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:tsx?|mjs|wgsl))`/g);
    const paths = [...found].map((match) => match[1] ?? '');
    expect(paths.length).toBeGreaterThan(50);
    const places = [ROOT, join(ROOT, 'src')];
    expect(paths.filter((path) => !places.some((place) => existsSync(join(place, path))))).toEqual([]);
  });

  it('has trails whose words stand in a file of their row', () => {
    const rows = MAP.split('\n').filter((line) => /^\| [^|]+\? \|/.test(line));
    const wordless = rows.flatMap((row) => {
      const spans = [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
      const paths = spans.flatMap((span) => [span, `src/${span}`]).filter((path) => /\.\w+$/.test(path));
      const texts = paths.map((path) => join(ROOT, path)).filter(existsSync);
      const text = texts.map((path) => readFileSync(path, 'utf8')).join('\n');
      return spans.filter((span) => /^[\w.]+$/.test(span) && !/\.tsx?$/.test(span) && !text.includes(span));
    });
    expect(rows.length).toBeGreaterThan(5);
    expect(wordless).toEqual([]);
  });
});
