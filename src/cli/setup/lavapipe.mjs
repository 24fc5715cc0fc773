// @ts-check
// Fetches Mesa's software Vulkan driver (lavapipe) from Debian's backports into a folder, without touching the system:
// an apt of its own (sources, lists, no install), the packages unpacked side by side, and a Vulkan manifest that names
// the driver by its path. The mirror is the one that apt already uses.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly, say } from './log.mjs';
import { lavapipeFolder } from './paths.mjs';

const PACKAGES = ['mesa-vulkan-drivers', 'mesa-libgallium', 'libdrm2', 'libdrm-amdgpu1'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const MULTIARCH = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/**
 * Addresses of Debian's main archive in apt's sources, in both of its formats (`deb http://… suite main` and the
 * deb822 line `URIs: http://…`), in order of appearance. Comments, security archives and other projects' archives are left out.
 * @param {string} text contents of apt's sources
 * @returns {string[]}
 */
export function debianMirrors(text) {
  const lines = text.split('\n').filter((line) => /^\s*(deb\s|URIs:)/.test(line));
  const words = lines.flatMap((line) => line.split(/\s+/));
  const mirrors = words.filter((word) =>
    /^(https?|mirror\+https?|mirror\+file|file):\/\/?\S+\/debian\/?$/.test(word),
  );
  return [...new Set(mirrors)];
}

/** @returns {string} */
function aptSources() {
  const folder = '/etc/apt/sources.list.d';
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => /\.(list|sources)$/.test(name))
    : [];
  const paths = [...names.map((name) => join(folder, name)), '/etc/apt/sources.list'];
  return paths
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

/** @returns {string} Debian's code name, or an empty string on another system */
function debianCodename() {
  if (!existsSync('/etc/os-release')) return '';
  const text = readFileSync('/etc/os-release', 'utf8');
  return /^ID=debian$/m.test(text) ? (/^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] ?? '') : '';
}

/**
 * Fetches lavapipe into the project's cache.
 * @returns {boolean} whether a manifest is there now
 */
export function fetchLavapipe() {
  const [mirror] = debianMirrors(aptSources());
  const codename = debianCodename();
  const multiarch = MULTIARCH[/** @type {keyof typeof MULTIARCH} */ (process.arch)];
  if (!mirror || !codename || !multiarch) {
    say("lavapipe: fetching needs Debian on x64 or arm64 with its mirror in apt's sources.");
    return false;
  }
  const folder = lavapipeFolder();
  say(`lavapipe: fetching it from ${codename}-backports into ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(folder, 'debs'));
  if (!downloadPackages(folder, `deb [signed-by=${KEYRING}] ${mirror} ${codename}-backports main\n`))
    return false;
  for (const deb of readdirSync(join(folder, 'debs'))) {
    if (!runQuietly('dpkg', ['-x', join(folder, 'debs', deb), join(folder, 'root')])) return false;
  }
  return writeManifest(folder, join(folder, 'root', 'usr', 'lib', multiarch, 'libvulkan_lvp.so'));
}

/** @param {string} folder @param {string} source */
function downloadPackages(folder, source) {
  writeFileSync(join(folder, 'sources.list'), source);
  const options = [
    `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::Lists=${join(folder, 'lists')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  if (!runQuietly('apt-get', [...options, '-qq', 'update'])) return false;
  return runQuietly('apt-get', [...options, '-qq', 'download', ...PACKAGES], { cwd: join(folder, 'debs') });
}

/** @param {string} folder @param {string} library */
function writeManifest(folder, library) {
  if (!existsSync(library)) {
    say(`lavapipe: the packages hold no ${library}`);
    return false;
  }
  const manifest = { file_format_version: '1.0.0', ICD: { api_version: '1.4.0', library_path: library } };
  writeFileSync(join(folder, 'lavapipe.json'), `${JSON.stringify(manifest)}\n`);
  rmSync(join(folder, 'lists'), { recursive: true });
  rmSync(join(folder, 'debs'), { recursive: true });
  return true;
}
