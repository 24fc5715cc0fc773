import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { offline } from './src/cli/offline-bundle.ts';
import { licences } from './src/cli/page-notices.ts';
import { pagePolicy } from './src/cli/page-policy.ts';
import { sandboxCode } from './src/cli/sandbox-bundle.ts';

/** A training test on a software adapter takes tens of seconds; a hang should still end. */
const TEST_TIMEOUT_MS = 120_000;
/** The same in a browser, beside another one. */
const E2E_TIMEOUT_MS = 300_000;
const POLL_TIMEOUT_MS = 60_000;
const PYTHON_TESTS = 'test/**/*.python.test.ts';
/** They put modules in the place of others, or measure the heap: each has a process of its own. */
const LONE_TESTS = 'test/**/*.alone.test.ts';
const TRAINER_TESTS = 'test/trainers/**/*.test.ts';

const notices = licences(import.meta.dirname);

export default defineConfig({
  base: './',
  plugins: [react(), pagePolicy(), sandboxCode([notices.worker]), notices.page, offline()],
  worker: { format: 'es', plugins: () => [notices.worker] },
  // The scan has to see the worker's dependencies too: one found late would reload the page in the middle of a run.
  optimizeDeps: { entries: ['index.html', 'src/worker/**/*.ts'] },
  build: {
    target: 'es2023',
    manifest: true,
    chunkSizeWarningLimit: 4096,
    rolldownOptions: { checks: { bundlerTimings: false, pluginTimings: false } },
  },
  test: {
    // Dawn crashes when its module is loaded by worker threads, so test files run in processes.
    pool: 'forks',
    maxWorkers: 2,
    // The style of a report is a part of it; those of screens are of no account to tests in Node.
    css: { include: /report\/report\.css/ },
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
    // A page on a software adapter, on a busy machine, draws late.
    expect: { poll: { timeout: POLL_TIMEOUT_MS } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', PYTHON_TESTS, TRAINER_TESTS, LONE_TESTS],
          // A process goes from file to file: modules, and kernels compiled on its device, are there for the next one.
          isolate: false,
          setupFiles: ['test/setup/after-file.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'alone', environment: 'node', include: [LONE_TESTS] },
      },
      {
        extends: true,
        // Debian's Python reads what the studio wrote.
        test: { name: 'python', environment: 'node', include: [PYTHON_TESTS] },
      },
      {
        extends: true,
        // Other trainers start from what the studio wrote.
        test: { name: 'trainers', environment: 'node', include: [TRAINER_TESTS] },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: E2E_TIMEOUT_MS,
          hookTimeout: E2E_TIMEOUT_MS,
        },
      },
    ],
  },
});
