/** Tests of the page over a pretended worker: what each of their files needs around them. */
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Chromium, launchChromium } from '../setup/chromium.ts';
import { serveTestPage } from './serve.ts';

/** Where pictures of the page are left. */
export const PICTURES = 'test/artifacts/ui';

export const id = (name: string): string => `[data-testid="${name}"]`;

export interface Given {
  readonly page: Page;
  readonly url: string;
}

interface Options {
  /** React's build: that for development has its warnings in the console. */
  readonly kind?: 'production' | 'development';
  readonly height?: number;
}

/** Gives every test of the file a page of its own, which is not open yet. What it complains of in its console fails the test. */
export function eachPage(
  give: (given: Given) => unknown,
  { kind = 'production', height = 720 }: Options = {},
): void {
  let server: Awaited<ReturnType<typeof serveTestPage>>;
  let chromium: Chromium;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    server = await serveTestPage(kind);
    chromium = await launchChromium({ viewport: { width: 1280, height } });
  });
  afterAll(async () => {
    await chromium?.close();
    await server?.close();
  });
  beforeEach(async () => {
    page = await chromium.context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await give({ page, url: server.url });
  });
  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });
}
