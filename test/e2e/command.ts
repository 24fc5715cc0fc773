/** Commands of the project, run to their end. */
import { spawn } from 'node:child_process';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

/** How a command ended, and what it told on stdout and on stderr. */
export interface EndedCommand {
  readonly code: number | null;
  readonly printed: string;
  readonly said: string;
}

/** Runs a command on SwiftShader to its end, however that is. */
export function runCommand(name: string, ...args: readonly string[]): Promise<EndedCommand> {
  const line = ['src/cli/launch.mjs', name, '--adapter', 'swiftshader', ...args];
  const child = spawn(process.execPath, line, { cwd: projectRoot(), stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, said] = [[] as Buffer[], [] as Buffer[]];
  child.stdout.on('data', (piece: Buffer) => printed.push(piece));
  child.stderr.on('data', (piece: Buffer) => said.push(piece));
  const text = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString();
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, printed: text(printed), said: text(said) }));
  });
}

/** The same, which has to succeed; returns what it printed. @throws where it fails, with the end of what it said */
export async function command(name: string, ...args: readonly string[]): Promise<string> {
  const { code, printed, said } = await runCommand(name, ...args);
  if (code === 0) return printed;
  throw new Error(`${name}: ${said.slice(-2000)}`);
}
