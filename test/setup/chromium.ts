/** The page and the browser of end-to-end tests: the same that the headless commands use. */
export type { Chromium, ServedPage } from '../../src/cli/browser.ts';
export { launchChromium, servePage } from '../../src/cli/browser.ts';
