import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { basename, extname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { matmulAgainst, ONNX } from '../../bench/cases/matmul.ts';
import type { NamedComparison } from '../../bench/comparison.ts';
import type { TimingOptions } from '../../bench/timing.ts';
import type { Row } from '../../protocol/bench.ts';
import type { Cost } from '../../rl/measure/cost-model.ts';
import { launchChromium } from '../browser.ts';
import { chosenAdapter, projectRoot } from '../setup/paths.mjs';

const TYPES: Readonly<Record<string, string>> = {
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** src/cli/bench/onnx-page.ts and what it imports, as one module for a browser. */
async function bundlePage(): Promise<string> {
  const { build } = await import('vite');
  const result = await build({
    root: projectRoot(),
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      lib: { entry: join('src', 'cli', 'bench', 'onnx-page.ts'), formats: ['es'] },
      target: 'es2023',
      write: false,
    },
  });
  const [output] = Array.isArray(result) ? result : [result];
  const chunk = output && 'output' in output ? output.output[0] : undefined;
  if (chunk?.type !== 'chunk') throw new Error('Bundling the page of the bench gave no code.');
  return chunk.code;
}

/** Serves the page, its module, and onnxruntime-web's files as they lie in node_modules. */
async function serve(code: string): Promise<{ url: string; server: Server }> {
  const runtime = join(projectRoot(), 'node_modules', 'onnxruntime-web', 'dist');
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const file = join(runtime, basename(path));
    if (path === '/page.mjs') response.setHeader('content-type', 'text/javascript').end(code);
    else if (path.startsWith('/ort/') && existsSync(file)) {
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
      createReadStream(file).pipe(response);
    } else {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>Bench</title><script type="module" src="/page.mjs"></script>');
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The page server has no port.');
  return { url: `http://127.0.0.1:${address.port}/`, server };
}

const compareInPage = (page: Page, index: number, timing: TimingOptions): Promise<Row[]> =>
  page.evaluate(
    ([at, options]) =>
      (
        globalThis as unknown as { compareMatmul(at: number, options: TimingOptions): Promise<Row[]> }
      ).compareMatmul(at, options),
    [index, timing] as const,
  );

/** Why the browser cannot take part on this adapter; undefined where it can. */
export function browserObstacle(): string | undefined {
  return chosenAdapter() === 'lavapipe' ? 'Chromium offers no WebGPU on lavapipe' : undefined;
}

/** What the page compares, in the order of its indices. */
export const onnxNames = (): (NamedComparison & { readonly cost: Cost })[] =>
  matmulAgainst({}).map((comparison) => ({ ...comparison, peers: [ONNX] }));

/** Opens the bench's page in a headless Chromium; `compare` gives the rows of the n-th matmul. */
export async function openOnnxBench(): Promise<{
  compare: (index: number, timing: TimingOptions) => Promise<Row[]>;
  close: () => Promise<void>;
}> {
  const { url, server } = await serve(await bundlePage());
  const chromium = await launchChromium();
  const page = await chromium.context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => 'compareMatmul' in globalThis);
  return {
    compare: (index, timing) => compareInPage(page, index, timing),
    close: async () => {
      await chromium.close();
      server.close();
    },
  };
}
