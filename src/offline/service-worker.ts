/**
 * Answers the page's own files from storage, so that the studio opens and trains without a network. What is not of the build
 * (the hub, a mirror) goes past it. A newer build waits until the page says that it may take over.
 */
import { cacheName, fileOf, type OfflinePlan, outdated, PAGE, rangeOf } from './plan.ts';
import { type ServiceWorkerScope, TAKE_OVER } from './scope.ts';

/** Written in by the build. */
declare const OFFLINE_PLAN: OfflinePlan;

const worker = self as unknown as ServiceWorkerScope;
const plan = OFFLINE_PLAN;
const { scope } = worker.registration;
/** File names with a hash of their content never change it. */
const HASHED = /^assets\//;

const addressOf = (file: string): string => new URL(file === PAGE ? './' : file, scope).href;

/** Puts a file into the store: from another build's, where it is the same, or from the server as it is now. */
async function keep(cache: Cache, file: string): Promise<void> {
  const address = addressOf(file);
  const known = HASHED.test(file) ? await caches.match(address, { ignoreVary: true }) : undefined;
  const answer = known ?? (await fetch(address, { cache: 'no-cache' }));
  if (!answer.ok) throw new Error(`${file} could not be kept: the server answered ${answer.status}.`);
  await cache.put(address, answer);
}

async function keepAll(): Promise<void> {
  const cache = await caches.open(cacheName(plan));
  for (const file of plan.first) await keep(cache, file);
}

async function letGo(): Promise<void> {
  for (const name of outdated(await caches.keys(), plan)) await caches.delete(name);
}

/** From the store of this build; else from any other, which a tab of it may ask for; else from the network, and kept. */
async function answer(request: Request, file: string): Promise<Response> {
  const cache = await caches.open(cacheName(plan));
  const address = addressOf(file);
  const kept = (await cache.match(address, { ignoreVary: true })) ?? (await caches.match(address));
  if (kept) return partOf(request, kept);
  const fetched = await fetch(request);
  if (fetched.status === 200) await cache.put(address, fetched.clone());
  return fetched;
}

/** Players ask for a part of a file. */
async function partOf(request: Request, whole: Response): Promise<Response> {
  const header = request.headers.get('range');
  if (header === null) return whole;
  const blob = await whole.blob();
  const range = rangeOf(header, blob.size);
  if (!range)
    return new Response(null, { status: 416, headers: { 'Content-Range': `bytes */${blob.size}` } });
  const [start, end] = range;
  const headers = new Headers(whole.headers);
  headers.set('Content-Range', `bytes ${start}-${end - 1}/${blob.size}`);
  headers.set('Content-Length', String(end - start));
  return new Response(blob.slice(start, end), { status: 206, headers });
}

worker.addEventListener('install', (event) => event.waitUntil(keepAll()));
worker.addEventListener('activate', (event) => event.waitUntil(letGo().then(() => worker.clients.claim())));
worker.addEventListener('message', ({ data }) => {
  if (data === TAKE_OVER) void worker.skipWaiting();
});
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const file = request.method === 'GET' ? fileOf(plan, request.url, scope) : undefined;
  if (file !== undefined) event.respondWith(answer(request, file));
});
