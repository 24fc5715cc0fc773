/**
 * Serves the page over the pretended worker, on a free port; it is built when its sources changed. With React's development
 * build the console has its warnings, the other one is what visitors have.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { type Plugin, preview } from 'vite';
import { keptBuild } from '../../src/cli/kept-build.ts';
import { pagePolicy } from '../../src/cli/page-policy.ts';
import { sandboxCode } from '../../src/cli/sandbox-bundle.ts';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

/** Of the files that are served as they are, the only one that this page asks for. */
const sandboxPage: Plugin = {
  name: 'sandbox-page',
  generateBundle() {
    const source = readFileSync(join(projectRoot(), 'public/sandbox.html'));
    this.emitFile({ type: 'asset', fileName: 'sandbox.html', source });
  },
};

export async function serveTestPage(
  kind: 'production' | 'development' = 'production',
): Promise<{ url: string; close(): Promise<void> }> {
  const shared = { configFile: false, root: join(projectRoot(), 'test/ui/page'), logLevel: 'warn' } as const;
  const outDir = await keptBuild({
    name: `test-page-${kind}`,
    react: kind,
    sources: [
      'package-lock.json',
      'tsconfig.json',
      'src',
      'public/sandbox.html',
      'test/ui',
      'test/reference',
    ],
    config: {
      ...shared,
      plugins: [react(), pagePolicy(), sandboxCode(), sandboxPage],
      build: { target: 'es2023', chunkSizeWarningLimit: 1024 },
    },
  });
  const server = await preview({
    ...shared,
    plugins: [pagePolicy()],
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0 },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('The test page has no port.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}
