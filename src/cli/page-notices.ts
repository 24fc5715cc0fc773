/** Licences that go with a build: the project's own, and a notice for every package that is bundled into it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

export const NOTICES_FILE = 'THIRD-PARTY-NOTICES.txt';

interface Package {
  name: string;
  version: string;
  license?: string;
  author?: string | { name: string };
  repository?: string | { url: string };
  homepage?: string;
}

/** The folder of the package that a bundled module lies in; undefined for the project's own. */
export function packageFolderOf(moduleId: string): string | undefined {
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/@?][^/?]*)\//.exec(moduleId)?.[1];
}

/** One text for these package folders, by name. @throws Error for a package whose terms are nowhere to be found */
export function noticesOf(folders: Iterable<string>): string {
  const sections = [...new Set(folders)].map((folder) => {
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package;
    return { key: `${about.name} ${about.version}`, text: sectionOf(about, folder) };
  });
  sections.sort((a, b) => (a.key < b.key ? -1 : 1));
  return [
    'Omni GRPO Studio is under the Apache License 2.0 (see LICENSE). Its page also holds the packages below, each under',
    'its own terms.',
    '',
    ...sections.map(({ text }) => text),
  ].join('\n');
}

function sectionOf(about: Package, folder: string): string {
  const { name, version, license = 'UNKNOWN' } = about;
  const author = typeof about.author === 'string' ? about.author : about.author?.name;
  const source = sourceOf(about);
  return [
    '='.repeat(100),
    `${name} ${version}`,
    `Licence: ${license}`,
    ...(author ? [`Author: ${author}`] : []),
    ...(source ? [`Source: ${source}`] : []),
    ...(license.startsWith('MPL') ? [sourceOffer(about, source)] : []),
    '',
    termsOf(about, folder),
    ...(name === 'pyodide' ? ['', partsOfPyodide()] : []),
    '',
  ].join('\n');
}

/** Python and the C libraries that Pyodide's package holds without their notices. */
function partsOfPyodide(): string {
  return readFileSync(new URL('notices/pyodide.txt', import.meta.url), 'utf8').trim();
}

/** What the Mozilla Public License asks of those who pass on an executable form (section 3.2). */
function sourceOffer({ name, version }: Package, source: string | undefined): string {
  if (!source)
    throw new Error(`${name} is under the MPL, and its package.json does not say where its source is.`);
  return [
    `The Source Code Form of ${name} ${version} is available under the terms of the Mozilla Public License, v. 2.0, at`,
    `${source} (version ${version}); the npm package of that name and version holds it, too. It was not modified.`,
  ].join('\n');
}

function sourceOf({ repository, homepage }: Package): string | undefined {
  const url = typeof repository === 'string' ? repository : repository?.url;
  if (!url) return homepage;
  const plain = url
    .replace(/^git\+|^github:/, '')
    .replace(/^git:\/\//, 'https://')
    .replace(/\.git$/, '');
  return /^[\w-]+\/[\w.-]+$/.test(plain) ? `https://github.com/${plain}` : plain;
}

/** The MIT licence's text, for packages that only name it. */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

function termsOf({ name, license = '' }: Package, folder: string): string {
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort();
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length > 0) return texts.join('\n\n');
  const said = readmeTerms(folder);
  if (said) return said;
  const named = license.split(' AND ').map((one) => {
    if (one === 'Apache-2.0') return 'The text of the Apache License 2.0 is in LICENSE, beside this file.';
    if (one === 'MPL-2.0') return 'The Mozilla Public License, v. 2.0, is at https://mozilla.org/MPL/2.0/.';
    if (one === 'MIT') return `Copyright (c) the authors of ${name}\n\n${MIT}`;
    throw new Error(`${name} has no licence file, and "${license}" is none that may be named only.`);
  });
  return named.join('\n\n');
}

/** Small packages keep their licence at the end of their README. */
function readmeTerms(folder: string): string | undefined {
  const readme = readdirSync(folder).find((file) => /^readme/i.test(file));
  const text = readme && readFileSync(join(folder, readme), 'utf8');
  return text ? /^#+ *licen[cs]e\b[\s\S]*/im.exec(text)?.[0].trim() : undefined;
}

/**
 * Writes LICENSE and the notices into a build. The worker is bundled by a build of its own, so the modules of both are
 * collected: `worker` goes into that one's plugins.
 */
export function licences(root: string): { page: Plugin; worker: Plugin } {
  const folders = new Set<string>();
  const collect = (ids: Iterable<string>) => {
    for (const id of ids) {
      const folder = packageFolderOf(id);
      if (folder && existsSync(join(folder, 'package.json'))) folders.add(folder);
    }
  };
  const collecting = (name: string): Plugin => ({
    name,
    apply: 'build',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) if (file.type === 'chunk') collect(file.moduleIds);
    },
  });
  return {
    worker: collecting('studio:licences-of-worker'),
    page: {
      ...collecting('studio:licences'),
      generateBundle(_, bundle) {
        for (const file of Object.values(bundle)) if (file.type === 'chunk') collect(file.moduleIds);
        const license = readFileSync(join(root, 'LICENSE'), 'utf8');
        this.emitFile({ type: 'asset', fileName: 'LICENSE', source: license });
        this.emitFile({ type: 'asset', fileName: NOTICES_FILE, source: noticesOf(folders) });
      },
    },
  };
}
