// @ts-check
// `npm test`: everything, in the order of cheap bad news first; `npm test -- STAGE…` runs the stages named.
// Goes on after a failed stage, so that one run shows all the bad news, and ends with the stages, the names of failed tests and the
// line `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { adapterTests } from './adapter-tests.mjs';
import { BUDGET_BYTES, initialBytes } from './bundle-size.mjs';
import { ensureAll, ensureModules } from './ensure.mjs';
import { runBeside, runLoudly, say } from './log.mjs';
import {
  cachePath,
  chosenAdapter,
  lavapipeManifest,
  missingAdapter,
  missingPython,
  missingPythonPackages,
  projectRoot,
} from './paths.mjs';
import { missingTrainers, trainersAreCurrent } from './trainers.mjs';
import { countReport, failedNames } from './vitest-report.mjs';

/** @typedef {import('./vitest-report.mjs').Count} Count */

/** Folders of tests whose results depend on the adapter where they open one: those run once on each. */
const ADAPTER_FOLDERS = ['setup', 'gpu', 'ops', 'media', 'models', 'optim', 'rl'].map(
  (name) => `test/${name}`,
);
const UNIT = ['--project', 'unit', '--project', 'alone'];
/** All sources together, and what page, worker and set-up may know of where they run: each by itself. */
const TYPE_CONFIGS = [
  'tsconfig.json',
  ...['page', 'worker', 'node'].map((side) => `src/tsconfig.${side}.json`),
];
const CODE_STAGES = ['format', 'types', 'lint', 'unused'];
/** A line for each test that failed, for who has only the end of the log. @type {string[]} */
const failures = [];

/** @type {Record<string, () => Count | Promise<Count>>} */
const STAGES = {
  format: () => tool('@biomejs/biome/bin/biome', ['check', '--linter-enabled=false', '--error-on-warnings']),
  types,
  lint: () => tool('@biomejs/biome/bin/biome', ['lint', '--error-on-warnings']),
  unused: () => tool('knip/bin/knip.js', ['--no-progress']),
  layers: () => vitest('layers', ['--project', 'unit', 'test/layers.test.ts']),
  unit: () => vitest('unit', UNIT, { STUDIO_ADAPTER: chosenAdapter() }),
  python,
  trainers,
  lavapipe,
  build: () => tool('vite/bin/vite.js', ['build', '--logLevel', 'warn'], { NODE_ENV: 'production' }),
  size,
  // Three browsers at a time: while one page waits for its worker, its server or the disk, the others have the cores.
  e2e: () => vitest('e2e', ['--project', 'e2e', '--maxWorkers', '3']),
};

/**
 * Runs a package's program.
 * @param {string} path inside node_modules
 * @param {string[]} args
 * @param {Record<string, string>} [variables]
 */
function runTool(path, args, variables = {}) {
  const root = projectRoot();
  const env = { ...process.env, ...variables };
  return runLoudly(process.execPath, [join(root, 'node_modules', path), ...args], { cwd: root, env });
}

/**
 * @param {boolean} ok
 * @returns {Count}
 */
function one(ok) {
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** @type {(path: string, args: string[], variables?: Record<string, string>) => Count} */
function tool(path, args, variables) {
  return one(runTool(path, args, variables));
}

/**
 * @param {string} name of the stage
 * @param {string[]} args
 * @param {Record<string, string>} [variables]
 */
function vitest(name, args, variables) {
  const report = cachePath('reports', `${name}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const count = countReport(report, runTool('vitest/vitest.mjs', ['run', ...args, ...reporters], variables));
  for (const each of failedNames(report, projectRoot(), count)) failures.push(`failed in ${name}: ${each}`);
  return count;
}

/** @returns {Promise<Count>} */
async function types() {
  const root = projectRoot();
  const tsc = join(root, 'node_modules', 'typescript/bin/tsc');
  const checks = TYPE_CONFIGS.map((path) =>
    runBeside(process.execPath, [tsc, '--noEmit', '-p', path], { cwd: root }),
  );
  const good = (await Promise.all(checks)).filter(Boolean).length;
  return { passed: good, failed: TYPE_CONFIGS.length - good };
}

/** @returns {Count} */
function python() {
  if (missingPythonPackages().length === 0) {
    return vitest('python', ['--project', 'python'], { STUDIO_ADAPTER: chosenAdapter() });
  }
  say(`Not run: the tests that read exports in Python. ${missingPython()}`);
  return process.env.CI ? one(false) : { passed: 0, failed: 0 };
}

/**
 * Installs other trainers beside the stages that come before theirs: pip waits for the network and the disk most of the time.
 * @returns {Promise<unknown>} resolves when they are there or will not be
 */
function installTrainers() {
  if (trainersAreCurrent()) return Promise.resolve();
  const setup = join(projectRoot(), 'src', 'cli', 'setup', 'setup.mjs');
  const child = spawn(process.execPath, [setup], { stdio: ['ignore', 2, 2] });
  return new Promise((resolve) => {
    child.on('error', resolve);
    child.on('close', resolve);
  });
}

/** @returns {Promise<Count>} */
async function trainers() {
  await installing;
  if (trainersAreCurrent())
    return vitest('trainers', ['--project', 'trainers'], { STUDIO_ADAPTER: chosenAdapter() });
  say(`Not run: the tests that start other trainers from exports. ${missingTrainers()}`);
  return process.env.CI ? one(false) : { passed: 0, failed: 0 };
}

/** @returns {Count} */
function lavapipe() {
  if (lavapipeManifest()) {
    const tests = adapterTests(projectRoot(), ADAPTER_FOLDERS);
    return vitest('lavapipe', [...UNIT, ...tests], { STUDIO_ADAPTER: 'lavapipe' });
  }
  say(`Not run: the tests on the second adapter. ${missingAdapter('lavapipe')}`);
  // Elsewhere a machine's owner may do without; the reference runs must have both.
  return process.env.CI ? one(false) : { passed: 0, failed: 0 };
}

/** @returns {Count} */
function size() {
  try {
    const bytes = initialBytes(join(projectRoot(), 'dist'));
    say(
      `the page loads ${Math.round(bytes / 1000)} kB (gzip) at once; its budget is ${BUDGET_BYTES / 1000} kB`,
    );
    return one(bytes <= BUDGET_BYTES);
  } catch (error) {
    say(`no build to measure: ${error instanceof Error ? error.message : error}`);
    return one(false);
  }
}

/** @param {string[]} names */
async function runStages(names) {
  const lines = [];
  const total = { passed: 0, failed: 0 };
  for (const name of names) {
    say(`stage ${name}`);
    const start = Date.now();
    const { passed, failed } = await /** @type {() => Count | Promise<Count>} */ (STAGES[name])();
    total.passed += passed;
    total.failed += failed;
    lines.push(
      `${name.padEnd(9)} ${passed} passed, ${failed} failed (${Math.round((Date.now() - start) / 1000)} s)`,
    );
  }
  for (const line of [...lines, ...failures]) console.log(line);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(STAGES, name));
if (unknown.length > 0) {
  say(`Unknown stage ${unknown.join(', ')}: expected some of ${Object.keys(STAGES).join(', ')}.`);
  process.exit(2);
}
const names = asked.length > 0 ? asked : Object.keys(STAGES);
if (names.every((name) => CODE_STAGES.includes(name))) ensureModules();
else ensureAll({ trainers: false });
const installing = names.includes('trainers') ? installTrainers() : undefined;
mkdirSync(cachePath('reports'), { recursive: true });
process.exitCode = (await runStages(names)) ? 0 : 1;
