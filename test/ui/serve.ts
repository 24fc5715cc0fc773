/** Builds the page over the pretended worker and serves it, on a free port. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { build, preview } from 'vite';
import { pagePolicy } from '../../src/cli/page-policy.ts';
import { sandboxCode } from '../../src/cli/sandbox-bundle.ts';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

export async function serveTestPage(): Promise<{ url: string; close(): Promise<void> }> {
  const outDir = mkdtempSync(join(tmpdir(), 'studio-test-page-'));
  const shared = { configFile: false, root: join(projectRoot(), 'test/ui/page'), logLevel: 'warn' } as const;
  await build({
    ...shared,
    plugins: [react(), pagePolicy(), sandboxCode()],
    build: { outDir, emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 1024 },
  });
  copyFileSync(join(projectRoot(), 'public/sandbox.html'), join(outDir, 'sandbox.html'));
  const server = await preview({
    ...shared,
    plugins: [pagePolicy()],
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0 },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('The test page has no port.');
  const close = async () => {
    await server.close();
    rmSync(outDir, { recursive: true });
  };
  return { url: `http://127.0.0.1:${address.port}/`, close };
}
