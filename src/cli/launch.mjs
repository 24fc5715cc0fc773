// @ts-check
// Runs one of the project's commands: node src/cli/launch.mjs NAME [--adapter swiftshader|lavapipe|default] [arguments]
//
// A command is a TypeScript file src/cli/NAME.ts. Vite bundles it for Node (so that the engine's shaders come along by the
// same `import.meta.glob` as in the page), and a child process runs the bundle with the adapter's environment, the
// remaining arguments, and this process's own standard streams. stdout carries only what the command prints.
// `NAME --bundle FILE.mjs` writes a bundle that can be carried to a machine with Node and Dawn, and runs nothing.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ensureBrowser, ensureBrowserAndAdapters, ensureModules } from './setup/ensure.mjs';
import { say } from './setup/log.mjs';
import { takeAdapter } from './setup/options.mjs';
import { adapterEnvironment, cachePath, chosenAdapter, parseAdapter, projectRoot } from './setup/paths.mjs';

/**
 * Bundles src/cli/NAME.ts into one file that Node can run, and returns its path.
 * @param {string} name
 * @param {string} [carried] a path for a file that needs no packages beside it but Dawn
 * @returns {Promise<string>}
 */
async function bundle(name, carried) {
  const { build } = await import('vite');
  const result = await build({
    root: projectRoot(),
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    ...(carried === undefined ? {} : { ssr: { noExternal: true, external: ['webgpu'] } }),
    build: {
      ssr: join('src', 'cli', `${name}.ts`),
      target: 'node20',
      // Not written by Vite: the folder only anchors the paths in the source map.
      write: false,
      outDir: cachePath(),
      sourcemap: 'inline',
      rolldownOptions: { output: { format: 'es', codeSplitting: false } },
    },
  });
  const outputs = Array.isArray(result) ? result : [result];
  const chunk = outputs
    .flatMap((one) => ('output' in one ? one.output : []))
    .find((file) => file.type === 'chunk');
  if (chunk?.type !== 'chunk') throw new Error(`Bundling src/cli/${name}.ts gave no code.`);
  return writeWhole(carried ?? cachePath(`${name}.mjs`), chunk.code);
}

/**
 * Writes a file so that a process reading it at the same time sees the old or the new one, never a part.
 * @param {string} path
 * @param {string} text
 */
function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, path);
  return path;
}

/**
 * The folder that paths among the arguments are meant from. npm runs a command in the project's folder, wherever it was called.
 * @returns {string}
 */
function calledFrom() {
  const { INIT_CWD: called, npm_lifecycle_event: command } = process.env;
  const isNpms = command !== undefined && command === process.argv[2];
  return isNpms && called && existsSync(called) ? called : process.cwd();
}

const NPM_LOOK_MS = 1000;

/**
 * Ends the command when npm is gone that started it. A process has another parent then.
 * @param {import('node:child_process').ChildProcess} child
 */
function endWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const { ppid } = process;
  setInterval(() => process.ppid === ppid || child.kill(), NPM_LOOK_MS).unref();
}

/**
 * Runs a bundled command to its end.
 * @param {string} path
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} its exit status; 128 + signal when a signal ended it
 */
function run(path, args, env) {
  const leash = new URL('setup/leash.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', leash, path, ...args], {
    cwd: calledFrom(),
    // The channel is there to close when this process ends.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env,
  });
  endWithNpm(child);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

async function main() {
  const [name = '', ...args] = process.argv.slice(2);
  if (!/^[a-z-]+$/.test(name) || !existsSync(join(projectRoot(), 'src', 'cli', `${name}.ts`))) {
    throw new Error(`No command "${name}": expected the name of a TypeScript file in src/cli.`);
  }
  const { adapter, rest } = takeAdapter(args);
  ensureModules();
  if (rest[0] === '--bundle') {
    say(`written: ${await bundle(name, resolve(calledFrom(), rest[1] ?? `${name}.mjs`))}`);
    return;
  }
  // What runs on a GPU is a file of its own, which needs fewer packages.
  const onGpu = name === 'bench' && rest.includes('--gpu');
  const env = envFor(name, adapter, onGpu);
  process.exitCode = await run(await bundle(onGpu ? 'bench-gpu' : name), rest, env);
}

/**
 * Looking into folders needs neither a browser nor an adapter.
 * @param {string} name
 * @param {string | null} adapter
 * @param {boolean} onGpu
 * @returns {NodeJS.ProcessEnv}
 */
function envFor(name, adapter, onGpu) {
  if (name === 'inspect') return process.env;
  return name === 'start' ? browserEnvironment() : environmentFor(adapter, onGpu);
}

/** Serving the page needs no adapter of ours: the visitor's browser brings its own. */
function browserEnvironment() {
  ensureBrowser();
  return process.env;
}

/**
 * @param {string | null} adapter
 * @param {boolean} onGpu whether the machine's own adapter is meant where none is named
 * @returns {NodeJS.ProcessEnv}
 */
function environmentFor(adapter, onGpu) {
  ensureBrowserAndAdapters();
  const kind = adapter === null ? (onGpu ? 'default' : chosenAdapter()) : parseAdapter(adapter);
  return { ...process.env, ...adapterEnvironment(kind), STUDIO_ADAPTER: kind };
}

main().catch((error) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
