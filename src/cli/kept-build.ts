/** Builds of pages, kept by the state of their sources: each is made once, by whoever comes first. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InlineConfig } from 'vite';
import { cachePath, projectRoot } from './setup/paths.mjs';

const KEPT_BUILDS = 4;
const LOOK_AGAIN_MS = 100;
const LONGEST_BUILD_MS = 300_000;

export interface KeptBuild {
  /** Its folder in the cache. */
  readonly name: string;
  /** All that it is made of: files and folders, relative to the project; what is absent counts as empty. */
  readonly sources: readonly string[];
  readonly config: InlineConfig;
  /** Which React is in it: that of visitors, or the one that warns of misuse and is slower. */
  readonly react?: 'production' | 'development';
}

/** Folder of the build as its sources are now. */
export async function keptBuild({ name, sources, config, react = 'production' }: KeptBuild): Promise<string> {
  const builds = cachePath(name);
  const outDir = join(builds, hashOf(sources));
  const lock = `${outDir}.by`;
  mkdirSync(builds, { recursive: true });
  while (!existsSync(outDir)) {
    if (!takeLock(lock)) {
      await sleep(LOOK_AGAIN_MS);
      continue;
    }
    try {
      const partial = `${outDir}.${process.pid}`;
      await buildWith(react, { ...config, build: { ...config.build, outDir: partial, emptyOutDir: true } });
      if (existsSync(outDir)) rmSync(partial, { recursive: true });
      else renameSync(partial, outDir);
      removeOldBuilds(builds);
    } finally {
      rmSync(lock, { force: true });
    }
  }
  return outDir;
}

/** Whether the build is this process's to make: not while another one that is alive makes it. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!isHeld(lock)) rmSync(lock, { force: true });
    return false;
  }
}

/** A process that was killed leaves its lock, and its number may be another's by now. */
function isHeld(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return Date.now() - statSync(lock).mtimeMs < LONGEST_BUILD_MS;
  } catch {
    return false;
  }
}

/** A test runner sets NODE_ENV, which chooses React's build, and Vite would keep it. */
async function buildWith(react: 'production' | 'development', config: InlineConfig): Promise<void> {
  const { build } = await import('vite');
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = react;
  try {
    await build(config);
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

/** Keeps the newest builds, one of which another process may be serving. */
function removeOldBuilds(builds: string): void {
  const age = (folder: string) => statSync(folder).mtimeMs;
  const folders = readdirSync(builds, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(builds, entry.name));
  for (const folder of folders.sort((a, b) => age(b) - age(a)).slice(KEPT_BUILDS))
    rmSync(folder, { recursive: true });
}

/** SHA-256 over the paths and contents of files. */
function hashOf(sources: readonly string[]): string {
  const root = projectRoot();
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of filesOf(join(root, source)).sort())
      hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function filesOf(path: string): string[] {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (!entry) return [];
  if (entry.isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name));
}
