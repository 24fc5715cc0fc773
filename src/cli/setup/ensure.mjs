// @ts-check
// Makes sure that what a command needs is here: npm's packages, a Chromium, the two software adapters, Python and other trainers. Installs what it
// may; where it may not, says what is missing and how to get it, and goes on with the Chrome and the GPU that are there.
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fetchLavapipe } from './lavapipe.mjs';
import { runLoudly, runQuietly, say } from './log.mjs';
import {
  findChromium,
  lavapipeManifest,
  missingAdapter,
  missingPython,
  missingPythonPackages,
  projectRoot,
  swiftShaderManifest,
} from './paths.mjs';
import { ensureTrainers } from './trainers.mjs';

/** Without fonts Chromium draws no text. */
const CHROMIUM = ['chromium', 'fonts-liberation'];
const OLDEST_NODE = [20, 19];

/** Ends the process with a sentence when this Node is too old for Vite. */
function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  say(
    `Node ${process.versions.node} is too old: ${OLDEST_NODE.join('.')} or newer is needed (https://nodejs.org).`,
  );
  process.exit(1);
}

/**
 * Whether node_modules holds what the lock file names; packages for other platforms may be absent.
 * @param {string} root
 */
export function modulesAreCurrent(root) {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  const found = lockedPackages(installed);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || (entry.optional && !found[path])) return true;
    return found[path]?.version === entry.version;
  });
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function lockedPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

/** @param {string} root @param {string} command */
function npm(root, command) {
  const args = [command, '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  return runLoudly('npm', args, { cwd: root });
}

/** Installs npm's packages when they are missing or not those of the lock file. Ends the process when that fails. */
export function ensureModules() {
  requireNode();
  const root = projectRoot();
  if (modulesAreCurrent(root)) return;
  const fresh = !existsSync(join(root, 'node_modules'));
  say('installing packages (npm)');
  // `npm ci` keeps to the lock file to the letter; a registry without other platforms' packages may refuse it that.
  if (fresh && npm(root, 'ci')) return;
  if (npm(root, 'install')) return;
  say(
    "npm could not install the packages: see its message above. Is the network, or npm's registry, reachable?",
  );
  process.exit(1);
}

/** @param {string} program */
function isOnPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Whether this process may install Debian packages. */
function mayInstall() {
  return process.platform === 'linux' && process.getuid?.() === 0 && isOnPath('apt-get');
}

/** @param {string[]} packages */
function aptInstall(packages) {
  say(`installing ${packages.join(', ')} (apt-get)`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['-qq', '-y', '--no-install-recommends', 'install', ...packages];
  if (runQuietly('apt-get', ['-qq', 'update'], { env }) && runQuietly('apt-get', install, { env })) return;
  say(`apt-get could not install ${packages.join(', ')}: see its message above.`);
}

/** @param {string} name */
function hasLibrary(name) {
  const folders = [
    '/usr/lib',
    '/usr/lib64',
    '/lib',
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
  ];
  return folders.some((folder) => existsSync(join(folder, name)));
}

/** @returns {string[]} Debian packages that commands without a GPU still need */
function missingPackages() {
  if (process.platform !== 'linux') return [];
  const missing = [];
  if (!findChromium() || !swiftShaderManifest()) missing.push(...CHROMIUM);
  if (!hasLibrary('libvulkan.so.1')) missing.push('libvulkan1');
  // Its dependencies (LLVM, libdrm) serve the fetched lavapipe as well.
  if (!hasLibrary('libvulkan_lvp.so')) missing.push('mesa-vulkan-drivers');
  // Decodes clips where a command runs without a browser.
  if (!isOnPath('ffmpeg')) missing.push('ffmpeg');
  return missing;
}

/** Makes sure of any browser, where it may: enough for serving the page and looking at it. */
export function ensureBrowser() {
  if (!findChromium() && mayInstall()) aptInstall(CHROMIUM);
}

/**
 * Makes sure of a browser and both software adapters. Returns a sentence for each thing that is still missing.
 * @returns {string[]}
 */
export function ensureBrowserAndAdapters() {
  const packages = missingPackages();
  if (packages.length > 0 && mayInstall()) aptInstall(packages);
  if (!lavapipeManifest() && mayInstall()) fetchLavapipe();
  return stillMissing();
}

/**
 * Makes sure of the Python packages that read exports in tests. Returns a sentence when some are still missing.
 * @returns {string[]}
 */
function ensurePython() {
  const packages = missingPythonPackages();
  if (packages.length > 0 && mayInstall()) aptInstall(packages);
  return missingPythonPackages().length > 0 ? [missingPython()] : [];
}

/** @returns {string[]} */
function stillMissing() {
  const lines = [];
  const packages = missingPackages();
  if (!findChromium()) lines.push(missingBrowser());
  if (!swiftShaderManifest()) lines.push(missingAdapter('swiftshader'));
  if (!lavapipeManifest()) lines.push(missingAdapter('lavapipe'));
  if (packages.length > 0)
    lines.push(`Debian packages still missing: as root, apt-get install ${packages.join(' ')}`);
  return lines;
}

/** What to do where there is no browser with WebGPU. */
export function missingBrowser() {
  if (process.env.CHROME_PATH) return `CHROME_PATH names ${process.env.CHROME_PATH}, which does not exist.`;
  return 'No Chrome or Chromium found in the usual places. Install one (Debian, as root: apt-get install chromium; elsewhere: https://www.google.com/chrome), or name its binary by CHROME_PATH.';
}

/**
 * Everything, as `npm run setup` and `npm test` want it; says on stderr what is missing.
 * @param {{ trainers: boolean }} wants whether the tests with other trainers are going to run
 */
export function ensureAll({ trainers }) {
  ensureModules();
  const missing = [...ensureBrowserAndAdapters(), ...ensurePython(), ...(trainers ? ensureTrainers() : [])];
  for (const line of missing) say(line);
  if (missing.length === 0)
    say(
      `packages, Chromium, SwiftShader, lavapipe${trainers ? ', Python and its trainers' : ' and Python'} are here`,
    );
  return missing;
}
