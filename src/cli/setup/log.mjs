// @ts-check
// What set-up says goes to stderr: a command's stdout belongs to the program it starts.
import { spawn, spawnSync } from 'node:child_process';

/** @param {string} line */
export function say(line) {
  process.stderr.write(`[setup] ${line}\n`);
}

/**
 * Runs a program with its output on stderr.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {boolean} whether it ended with status 0
 */
export function runLoudly(program, args, options = {}) {
  const shell = process.platform === 'win32';
  const result = spawnSync(program, args, { stdio: ['ignore', 2, 2], shell, ...options });
  if (result.error) say(`${program} could not be started: ${result.error.message}`);
  return result.status === 0;
}

/**
 * Runs a program and shows what it printed only when it fails.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {boolean} whether it ended with status 0
 */
export function runQuietly(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26, ...options });
  if (result.status === 0) return true;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  if (result.error) say(`${program} could not be started: ${result.error.message}`);
  return false;
}

/**
 * Runs a program beside others and shows what it printed when it has ended.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string }} options
 * @returns {Promise<boolean>} whether it ended with status 0
 */
export function runBeside(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    /** @type {Buffer[]} */
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => printed.push(piece));
    child.on('error', (error) => {
      say(`${program} could not be started: ${error.message}`);
      resolve(false);
    });
    child.on('close', (status) => {
      process.stderr.write(Buffer.concat(printed));
      resolve(status === 0);
    });
  });
}
