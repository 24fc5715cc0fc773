// @ts-check
// Options that every command has.

/**
 * Takes `--adapter KIND` (or `--adapter=KIND`) out of the arguments.
 * @param {string[]} args
 * @returns {{ adapter: string | null, rest: string[] }}
 */
export function takeAdapter(args) {
  const index = args.findIndex((arg) => arg === '--adapter' || arg.startsWith('--adapter='));
  if (index < 0) return { adapter: null, rest: args };
  const joined = args[index]?.split('=')[1];
  const adapter = joined ?? args[index + 1] ?? '';
  return { adapter, rest: args.toSpliced(index, joined === undefined ? 2 : 1) };
}
