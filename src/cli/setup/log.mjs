// What set-up says goes to stderr: a command's stdout belongs to the program it starts.
import { spawnSync } from 'node:child_process';

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
