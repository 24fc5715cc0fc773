import { InputError } from '../../math/errors.ts';

/** Bytes at a file's beginning that tell whether it is what its name says. */
const LOOKED_AT = 1024;

const download = (name: string): string =>
  `Download ${name} again, by its own link or with the hub's command.`;

/** What lies where a file should be, by how it begins. */
const MISTAKEN: readonly (readonly [pattern: RegExp, found: string, hint: (name: string) => string])[] = [
  [
    /^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\//,
    'a Git LFS pointer: the file itself was not fetched',
    () => 'Run "git lfs install" and "git lfs pull" in the repository, then open the folder again.',
  ],
  [
    /^(\.\.?\/)*(\.git)?\/annex\/objects\//,
    'a git-annex pointer: the file itself was not fetched',
    () => 'Run "git annex get ." in the repository, then open the folder again.',
  ],
  [
    /^(<!--[\s\S]*?-->\s*)*<(!doctype\s+html|html|head|body)\b/i,
    'a web page (HTML), saved under its name',
    download,
  ],
  [/^(<\?xml[^>]*>\s*)<Error>/, "a server's message of an error (XML), saved under its name", download],
  [
    /^(Entry not found|Repository not found|Invalid (username|credentials)|Access to model .{1,200} is restricted|Not Found\s*$)/,
    "a server's message of an error, saved under its name",
    download,
  ],
];

/** Refuses, by name, a pointer that git left in place of a file, and a page or message that was saved instead of one. @throws InputError */
export async function refuseMistaken(blob: Blob, label: string): Promise<void> {
  refuseMistakenText(await blob.slice(0, LOOKED_AT).text(), label);
}

/** The same of a text that was read. @throws InputError */
export function refuseMistakenText(text: string, label: string): void {
  const start = text.slice(0, LOOKED_AT).replace(/^[\uFEFF\s]+/, '');
  for (const [pattern, found, hint] of MISTAKEN) {
    if (!pattern.test(start)) continue;
    const name = label.slice(label.lastIndexOf('/') + 1);
    throw new InputError(`${label} is ${found}.`, { hint: hint(name) });
  }
}
