/**
 * The page in a headless Chromium: for the commands that drive the studio without a screen, and for end-to-end tests.
 * `servePage` serves a production build of the page on a free port; `launchChromium` starts a browser with WebGPU on
 * the chosen adapter and a fresh profile.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { keptBuild } from './kept-build.ts';
import { missingBrowser } from './setup/ensure.mjs';
import type { AdapterKind } from './setup/paths.mjs';
import { chosenAdapter, findChromium, projectRoot } from './setup/paths.mjs';

/** A page on a software adapter is slow, and the slower the more else the machine does. */
const PATIENCE_MS = 120_000;

/** Flags without which a headless, offline, freshly made profile starts no WebGPU or talks to the network. */
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page without a window in front must not be slowed down.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

function adapterFlags(adapter: AdapterKind): readonly string[] {
  if (adapter === 'swiftshader') return ['--use-webgpu-adapter=swiftshader'];
  if (adapter === 'default') return ['--ignore-gpu-blocklist', '--enable-features=Vulkan'];
  throw new Error('Chromium offers no WebGPU on lavapipe: choose swiftshader, or default for a real GPU.');
}

export interface Chromium {
  /** A browser context whose profile (and with it OPFS) lives until `close`. */
  context: BrowserContext;
  close(): Promise<void>;
}

export interface LaunchOptions {
  adapter?: AdapterKind;
  /** Window size in CSS pixels. */
  viewport?: { width: number; height: number };
  /** More command-line flags. */
  flags?: readonly string[];
  /** Whether pages may keep their files for visits without a network: a profile of one visit has no use for it. */
  keepsFiles?: boolean;
}

/** Starts a headless Chromium (`CHROME_PATH`, or the first found in the usual places) on the adapter. */
export async function launchChromium(options: LaunchOptions = {}): Promise<Chromium> {
  const {
    adapter = chosenAdapter(),
    viewport = { width: 1440, height: 900 },
    flags = [],
    keepsFiles = false,
  } = options;
  const executablePath = findChromium();
  if (!executablePath) throw new Error(missingBrowser());
  const { chromium } = await import('playwright-core');
  const profile = mkdtempSync(join(tmpdir(), 'studio-chromium-'));
  const removeProfile = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  // Also where the command ends before its work does.
  process.once('exit', removeProfile);
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: false, // The flag --headless=new below: Playwright's own choice is the old headless mode.
      args: [...FLAGS, ...adapterFlags(adapter), ...flags],
      viewport,
      serviceWorkers: keepsFiles ? 'allow' : 'block',
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const close = async () => {
      await context.close();
      process.off('exit', removeProfile);
      removeProfile();
    };
    return { context, close };
  } catch (error) {
    removeProfile();
    throw error;
  }
}

export interface ServedPage {
  /** Address of the page, ending in a slash. */
  url: string;
  close(): Promise<void>;
}

/** Builds the page when its sources changed, and serves it on localhost at the port given, or the next free one. */
export async function servePage(options: { port?: number } = {}): Promise<ServedPage> {
  const outDir = await buildPage();
  const { preview } = await import('vite');
  const server = await preview({
    root: projectRoot(),
    logLevel: 'warn',
    build: { outDir },
    preview: { host: '127.0.0.1', port: options.port ?? 0, strictPort: false },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('The page server has no port.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/** Folder of a production build of the page as its sources are now. */
function buildPage(): Promise<string> {
  const sources = [
    'index.html',
    'package-lock.json',
    'vite.config.ts',
    'tsconfig.json',
    'src',
    'shaders',
    'public',
  ];
  return keptBuild({ name: 'page', sources, config: { root: projectRoot(), logLevel: 'warn' } });
}
