/**
 * What the served page may load and reach, and who may frame it. The document touches nothing but its own files. The
 * worker is a place of its own: it alone reaches out, to the hub or to the mirror that a person types, so it may connect
 * anywhere, and it compiles WebAssembly. A build carries the document's policy in a meta element, for servers that send
 * no headers (why: D-091).
 */
import type { ServerResponse } from 'node:http';
import type { Connect, Plugin } from 'vite';

function policy(directives: Readonly<Record<string, string>>): string {
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');
}

const DOCUMENT = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data: blob:",
  'media-src': "'self' blob:",
  'connect-src': "'self'",
  'worker-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
};
const NO_FRAMES = { 'frame-ancestors': "'none'" };

export const META_POLICY = policy(DOCUMENT);
export const DOCUMENT_POLICY = policy({ ...DOCUMENT, ...NO_FRAMES });
export const WORKER_POLICY = policy({
  'default-src': "'none'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'connect-src': "'self' https: http: blob: data:",
  'worker-src': "'self' blob: data:",
  ...NO_FRAMES,
});

/** For every answer of a server. Nothing of the page is shared with another origin, nor with a page that opened it. */
export const HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The policy of what lies at this path: scripts carry the worker's, which a document does not heed. */
export const policyOf = (path: string): string => (/\.m?js$/.test(path) ? WORKER_POLICY : DOCUMENT_POLICY);

const protect: Connect.NextHandleFunction = (request, response: ServerResponse, next) => {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  response.setHeader('Content-Security-Policy', policyOf((request.url ?? '/').replace(/[?#].*$/, '')));
  next();
};

/** Puts the policy into the built page and on what `vite preview` and `npm start` serve. */
export function pagePolicy(): Plugin {
  return {
    name: 'studio:policy',
    transformIndexHtml: {
      // The development server's page has scripts in it, for hot reload.
      handler: (_, { server }) =>
        server
          ? []
          : [
              {
                tag: 'meta',
                attrs: { 'http-equiv': 'Content-Security-Policy', content: META_POLICY },
                injectTo: 'head-prepend',
              },
            ],
    },
    configurePreviewServer(server) {
      server.middlewares.use(protect);
    },
    configureServer(server) {
      server.middlewares.use((_, response, next) => {
        for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
        response.setHeader('Content-Security-Policy', policy(NO_FRAMES));
        next();
      });
    },
  };
}
