/**
 * `npm start`: builds the page, serves it on this machine, and opens it in a browser where there is a screen.
 * The port stays the same from start to start where it is free, because the browser keeps a run's files by origin.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { servePage } from './browser.ts';
import { findChromium, projectRoot } from './setup/paths.mjs';

const PORT = 5173;

/** The command that shows `url` on this machine's screen; null where there is no screen or no browser. */
function openCommand(url: string): [string, ...string[]] | null {
  if (process.platform === 'darwin') return ['open', url];
  if (process.platform === 'win32') return ['cmd', '/c', 'start', '', url];
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return null;
  const chromium = findChromium();
  if (chromium) return [chromium, ...linuxFlags(), url];
  const opener = 'xdg-open';
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, opener))) ? [opener, url] : null;
}

/** On Linux, Chrome keeps WebGPU behind flags; they only take effect in a browser process of its own, hence a profile. */
function linuxFlags(): string[] {
  const profile = join(projectRoot(), '.cache', 'browser-profile');
  const flags = [
    `--user-data-dir=${profile}`,
    '--no-first-run',
    '--enable-unsafe-webgpu',
    '--enable-features=Vulkan',
  ];
  return process.getuid?.() === 0 ? [...flags, '--no-sandbox'] : flags;
}

function openInBrowser(url: string): void {
  const command = openCommand(url);
  if (!command) {
    console.log(
      'No screen here: open the address in a Chrome with WebGPU (on Linux: --enable-unsafe-webgpu).',
    );
    return;
  }
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  child.on('error', (error) =>
    console.log(`Could not open a browser (${error.message}): open the address yourself.`),
  );
  child.unref();
}

const served = await servePage({ port: PORT });
console.log(`\n  Omni GRPO Studio: ${served.url}\n\n  Ctrl+C ends it.\n`);
if (!process.argv.includes('--no-open')) openInBrowser(served.url);
