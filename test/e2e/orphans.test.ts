/** A command that trains ends with whoever started it, and so does its browser. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

interface Process {
  readonly id: number;
  readonly parent: number;
  readonly command: string;
}

/** What runs on this machine; zombies do not. */
function processes(): Process[] {
  return readdirSync('/proc').flatMap((name): Process[] => {
    try {
      const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      if (!/^\d+$/.test(name) || state === 'Z') return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ id: Number(name), parent: Number(parent), command }];
    } catch {
      return [];
    }
  });
}

function descendants(id: number): Process[] {
  const all = processes();
  const below = (parent: number): Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.id)]);
  return below(id);
}

/** A headless training, once its browser has its pages. */
async function training(): Promise<{ launcher: ChildProcess; family: Process[] }> {
  const args = ['src/cli/launch.mjs', 'train', '--adapter', 'swiftshader', '--demo', '--steps', '1000'];
  const launcher = spawn(process.execPath, args, { cwd: projectRoot(), stdio: 'ignore' });
  const hasPage = () =>
    descendants(launcher.pid!).some(({ command }) => command.includes('--type=gpu-process'));
  await expect.poll(hasPage, { timeout: 100_000, interval: 500 }).toBe(true);
  return { launcher, family: descendants(launcher.pid!) };
}

it.each(['launcher', 'command'])('no process is left behind when its %s is killed', async (victim) => {
  const { launcher, family } = await training();
  try {
    expect(family.length).toBeGreaterThan(3);
    const command = family.find(({ parent }) => parent === launcher.pid)!;
    process.kill(victim === 'launcher' ? launcher.pid! : command.id, 'SIGKILL');
    const left = () => {
      const alive = new Map(processes().map((one) => [one.id, one.command]));
      return family
        .filter(({ id, command: name }) => alive.get(id) === name)
        .map(({ command: name }) => name);
    };
    await expect.poll(left, { timeout: 60_000, interval: 250 }).toEqual([]);
  } finally {
    launcher.kill('SIGKILL');
  }
});
