// @ts-check
// Where things are on this machine: the project, a Chromium, and the Vulkan drivers of the software adapters.
// Plain JavaScript without dependencies: it also runs before `npm install`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {'swiftshader' | 'lavapipe' | 'default'} AdapterKind `default` is whatever GPU this machine has. */

/** @type {readonly AdapterKind[]} */
export const ADAPTER_KINDS = ['swiftshader', 'lavapipe', 'default'];

/** Dawn needs features that older Mesa releases lack. */
export const OLDEST_LAVAPIPE = 25;

const PROJECT_NAME = 'omni-grpo-studio';

/**
 * The project's root folder, found upward from this file (which may have been bundled to another place).
 * @returns {string}
 */
export function projectRoot() {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === PROJECT_NAME)
      return folder;
    if (dirname(folder) === folder) {
      throw new Error(`No package.json named ${PROJECT_NAME} above ${fileURLToPath(import.meta.url)}.`);
    }
  }
}

/**
 * Folder for what the project's commands build or fetch and can build or fetch again.
 * @param {...string} parts
 */
export function cachePath(...parts) {
  return join(projectRoot(), 'node_modules', '.cache', 'studio', ...parts);
}

/** Folder of the fetched lavapipe; outside node_modules, so that `npm ci` keeps it. */
export function lavapipeFolder() {
  return join(projectRoot(), '.cache', 'lavapipe');
}

const CHROMES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * Path of a Chrome or Chromium: `CHROME_PATH`, or the first of the usual places.
 * @returns {string | null}
 */
export function findChromium() {
  const named = process.env.CHROME_PATH;
  if (named) return existsSync(named) ? named : null;
  return CHROMES.find((path) => existsSync(path)) ?? null;
}

const SWIFTSHADER_MANIFEST = 'vk_swiftshader_icd.json';

/**
 * The Vulkan manifest of SwiftShader, which Chromium brings along: beside the browser's binary.
 * @returns {string | null}
 */
export function swiftShaderManifest() {
  const folders = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
  const chromium = findChromium();
  if (chromium) folders.unshift(dirname(realpathSync(chromium)));
  return folders.map((folder) => join(folder, SWIFTSHADER_MANIFEST)).find((path) => existsSync(path)) ?? null;
}

/**
 * The Vulkan manifest of a lavapipe that is new enough: the fetched one, or the system's.
 * @returns {string | null}
 */
export function lavapipeManifest() {
  const fetched = join(lavapipeFolder(), 'lavapipe.json');
  if (existsSync(fetched) && existsSync(manifestLibrary(fetched))) return fetched;
  return systemMesaVersion() >= OLDEST_LAVAPIPE ? systemLavapipe() : null;
}

/** Debian's own Python; another one earlier on the path would not see Debian's modules. */
export const DEBIAN_PYTHON = '/usr/bin/python3';
/** Debian packages by the folders of their modules: with them, tests read exports as other programs do. */
const PYTHON_MODULES = { torch: 'python3-torch', numpy: 'python3-numpy' };

/** @returns {string[]} Debian packages that the tests of exports still need */
export function missingPythonPackages() {
  const folders = Object.entries(PYTHON_MODULES);
  return folders
    .filter(([name]) => !existsSync(`/usr/lib/python3/dist-packages/${name}`))
    .map(([, name]) => name);
}

/** What to do where Python cannot read exports. */
export function missingPython() {
  return `Debian's Python lacks ${missingPythonPackages().join(' and ')}. On Debian, run \`npm run setup\` as root, or apt-get install them.`;
}

/** @param {string} manifest @returns {string} */
function manifestLibrary(manifest) {
  return JSON.parse(readFileSync(manifest, 'utf8')).ICD.library_path;
}

/** @returns {string | null} */
function systemLavapipe() {
  const folder = '/usr/share/vulkan/icd.d';
  const name = existsSync(folder) && readdirSync(folder).find((file) => /^lvp_icd.*\.json$/.test(file));
  return name ? join(folder, name) : null;
}

/** Major version of Debian's mesa-vulkan-drivers; 0 where it is not installed or there is no dpkg. */
function systemMesaVersion() {
  const { status, stdout } = spawnSync('dpkg', ['-s', 'mesa-vulkan-drivers'], { encoding: 'utf8' });
  const version = status === 0 ? /^Version: (?:\d+:)?(\d+)/m.exec(stdout)?.[1] : undefined;
  return Number(version ?? 0);
}

/**
 * Environment variables that make the Vulkan loader offer exactly this adapter. They must be set before Dawn's first
 * request for an adapter. Throws when the adapter's driver is not on this machine.
 * @param {AdapterKind} kind
 * @returns {Record<string, string>}
 */
export function adapterEnvironment(kind) {
  if (kind === 'default') return {};
  const manifest = kind === 'swiftshader' ? swiftShaderManifest() : lavapipeManifest();
  if (!manifest) throw new Error(missingAdapter(kind));
  const runtime = process.env.XDG_RUNTIME_DIR ?? tmpdir();
  return { VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest, XDG_RUNTIME_DIR: runtime };
}

/**
 * What is missing for an adapter, and how to get it.
 * @param {AdapterKind} kind
 */
export function missingAdapter(kind) {
  if (kind === 'swiftshader') {
    return `The software adapter SwiftShader is missing: no ${SWIFTSHADER_MANIFEST} beside a Chromium. Install Debian's package chromium (as root: apt-get install chromium libvulkan1), or name a Chrome by CHROME_PATH.`;
  }
  return `The software adapter lavapipe (Mesa ${OLDEST_LAVAPIPE} or newer) is missing. On Debian, run \`npm run setup\` as root, which fetches it from backports into .cache/lavapipe, or install a recent mesa-vulkan-drivers.`;
}

/**
 * The adapter named by STUDIO_ADAPTER; SwiftShader when nothing is named and it is here, else this machine's own GPU.
 * @returns {AdapterKind}
 */
export function chosenAdapter() {
  const named = process.env.STUDIO_ADAPTER;
  if (named) return parseAdapter(named);
  return swiftShaderManifest() ? 'swiftshader' : 'default';
}

/**
 * @param {string} name
 * @returns {AdapterKind}
 */
export function parseAdapter(name) {
  const kind = ADAPTER_KINDS.find((candidate) => candidate === name);
  if (!kind) throw new Error(`Unknown adapter "${name}": expected one of ${ADAPTER_KINDS.join(', ')}.`);
  return kind;
}
