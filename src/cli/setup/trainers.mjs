// @ts-check
// The Python that other people's trainers run in (torch, transformers, PEFT, TRL; TensorBoard, wandb, trackio), for the tests that load what the studio exports:
// an environment of its own in .cache/, made by the venv and pip of a Python on the path from one list of pinned releases.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly, say } from './log.mjs';
import { projectRoot } from './paths.mjs';

/** Programs that may be a Python with venv, in the order in which they are tried. */
const PYTHONS = ['python3.11', 'python3', 'python3.12', 'python3.13'];
/** What the pinned releases need. */
const OLDEST_PYTHON = [3, 11];
const CAN_MAKE = `import ensurepip, sys, venv; sys.exit(sys.version_info < (${OLDEST_PYTHON.join(', ')}))`;
/** With a build of torch for CPUs; one for GPUs takes several times as much. */
const DISK_BYTES = 3e9;

/** Outside node_modules, so that `npm ci` keeps it. */
export function trainersFolder() {
  return join(projectRoot(), '.cache', 'trainers');
}

/** The list of releases. */
export function requirementsPath() {
  return join(projectRoot(), 'test', 'trainers', 'requirements.txt');
}

/** The interpreter of the environment. */
export function trainersPython() {
  return join(trainersFolder(), 'bin', 'python');
}

/** The list that was installed whole; it is written last. */
const installedPath = () => join(trainersFolder(), 'installed.txt');

/** Whether the environment is there with exactly the releases of the list. */
export function trainersAreCurrent() {
  if (!existsSync(trainersPython()) || !existsSync(installedPath())) return false;
  return readFileSync(installedPath(), 'utf8') === readFileSync(requirementsPath(), 'utf8');
}

/** @returns {string | undefined} a Python that can make environments */
function findPython() {
  return PYTHONS.find((name) => spawnSync(name, ['-c', CAN_MAKE]).status === 0);
}

/** What stands in the way of the tests with trainers, and what to do about it. */
export function missingTrainers() {
  const [major, minor] = OLDEST_PYTHON;
  if (!findPython())
    return `No Python ${major}.${minor} or newer with venv on the path (tried ${PYTHONS.join(', ')}), so nothing is tried with TRL and PEFT. On Debian, as root: apt-get install python3-venv.`;
  return 'torch, transformers, PEFT and TRL are not installed in .cache/trainers: see the message of pip. Run `npm run setup` where PyPI can be reached.';
}

/** The requirement of torch, which goes first and alone: pip then takes a build that lies on the disk. @param {string} list */
export function torchRequirement(list) {
  const found = /^torch==\S+/m.exec(list);
  if (!found) throw new Error(`${requirementsPath()} names no release of torch.`);
  return found[0];
}

/** @returns {number} bytes free where the environment goes */
function freeBytes() {
  const { bavail, bsize } = statfsSync(projectRoot());
  return bavail * bsize;
}

/** Makes the environment anew. @param {string} python @returns {boolean} whether it is whole */
function install(python) {
  const list = readFileSync(requirementsPath(), 'utf8');
  const folder = trainersFolder();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  say('installing torch, transformers, PEFT and TRL into .cache/trainers (pip); this takes minutes');
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', '--disable-pip-version-check'];
  const done =
    runQuietly(python, ['-m', 'venv', folder]) &&
    runQuietly(trainersPython(), [...pip, torchRequirement(list)]) &&
    runQuietly(trainersPython(), [...pip, '-r', requirementsPath()]);
  if (done) writeFileSync(installedPath(), list);
  return done;
}

/**
 * Makes sure of the environment. Returns a sentence when it is missing still.
 * @returns {string[]}
 */
export function ensureTrainers() {
  if (trainersAreCurrent()) return [];
  const python = findPython();
  if (!python) return [missingTrainers()];
  const free = freeBytes();
  if (free < DISK_BYTES) {
    return [
      `TRL and PEFT were not installed into .cache/trainers: ${(free / 1e9).toFixed(1)} GB are free on this disk, and they take up to ${DISK_BYTES / 1e9} GB.`,
    ];
  }
  return install(python) ? [] : [missingTrainers()];
}
