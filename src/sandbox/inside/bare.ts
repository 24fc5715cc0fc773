/**
 * What a person's code finds in its worker: the language, and the few things of a browser that reach nothing. The policy of
 * the frame already keeps requests in (public/sandbox.html); this takes away what could go on beside a batch.
 */

/** Names of a worker's global object that stay, beside those of the language itself. */
const KEPT = new Set([
  ...['self', 'console', 'performance', 'crypto', 'atob', 'btoa', 'structuredClone', 'queueMicrotask'],
  ...['TextEncoder', 'TextDecoder', 'URL', 'URLSearchParams', 'AbortController', 'AbortSignal'],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'reportError'],
  ...['Event', 'EventTarget', 'MessageEvent', 'MessageChannel', 'MessagePort', 'DOMException', 'Blob'],
]);

/** Names that the language defines, in any browser. */
const LANGUAGE = new Set([
  ...['globalThis', 'Infinity', 'NaN', 'undefined', 'eval', 'isFinite', 'isNaN', 'parseFloat', 'parseInt'],
  ...['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'unescape'],
  ...['Object', 'Function', 'Boolean', 'Symbol', 'Number', 'BigInt', 'Math', 'Date', 'String', 'RegExp'],
  ...['Array', 'Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'FinalizationRegistry', 'Promise', 'Proxy'],
  ...['Reflect', 'JSON', 'Atomics', 'Intl', 'Iterator', 'WebAssembly', 'Temporal', 'ArrayBuffer'],
  ...['SharedArrayBuffer', 'DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array'],
  ...['Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array', 'Float16Array'],
  ...['Float32Array', 'Float64Array', 'Error', 'AggregateError', 'EvalError', 'RangeError'],
  ...['ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'SuppressedError', 'DisposableStack'],
  ...['AsyncDisposableStack'],
]);

/** Takes everything else off the global object and what it inherits from. */
export function bareGlobals(more: readonly string[] = []): void {
  const stays = new Set([...KEPT, ...LANGUAGE, ...more]);
  for (let holder: object | null = globalThis; holder; holder = Object.getPrototypeOf(holder)) {
    if (holder === Object.prototype) break;
    for (const name of Object.getOwnPropertyNames(holder)) {
      if (name !== 'constructor' && !stays.has(name)) Reflect.deleteProperty(holder, name);
    }
  }
}

/** Timers that end with their batch. */
export interface BatchTimers {
  /** Forgets every timer that is set. */
  clear(): void;
}

/** Puts timers in the place of the browser's that `clear` can end. */
export function batchTimers(): BatchTimers {
  const set = new Set<number>();
  const { setTimeout: timeout, setInterval: interval, clearTimeout: forget } = globalThis;
  const noted =
    (start: (run: TimerHandler, ms?: number, ...more: unknown[]) => number) =>
    (run: TimerHandler, ms?: number, ...more: unknown[]): number => {
      const timer = start(run, ms, ...more);
      set.add(timer);
      return timer;
    };
  const ended = (timer?: number): void => {
    set.delete(timer ?? 0);
    forget(timer);
  };
  Object.assign(globalThis, {
    setTimeout: noted(timeout as never),
    setInterval: noted(interval as never),
    clearTimeout: ended,
    clearInterval: ended,
  });
  return {
    clear() {
      for (const timer of set) forget(timer);
      set.clear();
    },
  };
}
