/**
 * What the served page may load and reach, and who may frame it. The document touches nothing but its own files. The
 * worker is a place of its own: it alone reaches out, to the hub or to the mirror that a person types, so it may connect
 * anywhere, and it compiles WebAssembly. A frame for a person's own code has no origin and reaches nothing at all. A build
 * carries the document's policy in a meta element, for servers that send no headers, and the frame carries its own (why: D-091, D-171).
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
  'manifest-src': "'self'",
  'frame-src': "'self'",
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

/** The frame's own policy once more, of which the meta element in public/sandbox.html cannot say all. */
export const SANDBOX_POLICY = policy({
  'default-src': "'none'",
  'script-src': "'unsafe-inline' 'unsafe-eval' blob:",
  'worker-src': 'blob:',
  'frame-ancestors': "'self'",
  sandbox: 'allow-scripts',
});

/** For every answer of a server. Nothing of the page is shared with another origin, nor with a page that opened it. */
export const HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const isSandbox = (path: string): boolean => path.endsWith('/sandbox.html');

/** The policy of what lies at this path: scripts carry the worker's, which a document does not heed. */
export function policyOf(path: string): string {
  if (isSandbox(path)) return SANDBOX_POLICY;
  return /\.m?js$/.test(path) ? WORKER_POLICY : DOCUMENT_POLICY;
}

const pathOf = ({ url = '/' }: Connect.IncomingMessage): string => url.replace(/[?#].*$/, '');

const protect: Connect.NextHandleFunction = (request, response: ServerResponse, next) => {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  response.setHeader('Content-Security-Policy', policyOf(pathOf(request)));
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
      server.middlewares.use((request, response, next) => {
        for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
        const served = isSandbox(pathOf(request)) ? SANDBOX_POLICY : policy(NO_FRAMES);
        response.setHeader('Content-Security-Policy', served);
        next();
      });
    },
  };
}
