/** Serves the page over the pretended worker, on a free port. */
import react from '@vitejs/plugin-react';
import { createServer } from 'vite';
import { projectRoot } from '../../src/cli/setup/paths.mjs';

export async function serveTestPage(): Promise<{ url: string; close(): Promise<void> }> {
  const server = await createServer({
    configFile: false,
    root: projectRoot(),
    logLevel: 'warn',
    plugins: [react()],
    cacheDir: '.cache/vite-test-page',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null, ws: false },
    optimizeDeps: { entries: ['test/ui/page/index.html'] },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error('The test page has no port.');
  return { url: `http://127.0.0.1:${address.port}/test/ui/page/index.html`, close: () => server.close() };
}
