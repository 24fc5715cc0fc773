/** What `navigator.locks` does, for programs that have no browser. */
type Work = (lock: object | null) => Promise<unknown> | undefined;

/** Locks of a browser: those asked for without options are waited for. */
export function fakeLocks() {
  const held = new Map<string, Promise<unknown>>();
  async function request(name: string, ...rest: [Work] | [object, Work]): Promise<unknown> {
    const work = rest.at(-1) as Work;
    if (held.has(name) && rest.length === 2) return work(null);
    while (held.has(name)) await held.get(name);
    const done = Promise.resolve().then(() => work({}));
    const settled = done.catch(() => undefined);
    held.set(name, settled);
    void settled.then(() => held.delete(name));
    return done;
  }
  return { query: async () => ({ held: [...held.keys()].map((name) => ({ name })) }), request };
}
