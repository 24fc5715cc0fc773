/** Commands of the project, run to their end. */
import { spawn } from 'node:child_process';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

/** Runs a command on SwiftShader; returns what it printed. @throws where it fails, with the end of what it said */
export function command(name: string, ...args: readonly string[]): Promise<string> {
  const line = ['src/cli/launch.mjs', name, '--adapter', 'swiftshader', ...args];
  const child = spawn(process.execPath, line, { cwd: projectRoot(), stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, said] = [[] as Buffer[], [] as Buffer[]];
  child.stdout.on('data', (piece: Buffer) => printed.push(piece));
  child.stderr.on('data', (piece: Buffer) => said.push(piece));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(printed).toString());
      else reject(new Error(`${name}: ${Buffer.concat(said).toString().slice(-2000)}`));
    });
  });
}
