/** The device tests run on: SwiftShader, or the adapter named by STUDIO_ADAPTER. A missing one is a failure, never a skip. */
import type { AdapterKind, NodeDevice } from '../../src/cli/adapter.ts';
import { openNodeDevice } from '../../src/cli/adapter.ts';

export type { AdapterKind, NodeDevice } from '../../src/cli/adapter.ts';

/** Opens a fresh device on default limits; the caller destroys it (`device.destroy()`) when the file is done. */
export async function openTestDevice(kind = testAdapter()): Promise<NodeDevice> {
  // Nearly all time on lavapipe is LLVM's: without its optimisations a kernel computes the same, and is there after two thirds of the time.
  if (kind === 'lavapipe') process.env.GALLIVM_PERF ??= 'nopt';
  return openNodeDevice(kind);
}

let shared: Promise<NodeDevice> | undefined;

/** The device of all test files of a process that leave it as it is: what one has compiled, the others find. Nobody destroys it. */
export function sharedTestDevice(): Promise<NodeDevice> {
  shared ??= openTestDevice();
  return shared;
}

/** Tests run on SwiftShader unless told otherwise: unlike a command, they never fall back on the machine's own GPU. */
function testAdapter(): AdapterKind {
  const named = process.env.STUDIO_ADAPTER;
  if (!named) return 'swiftshader';
  if (named === 'swiftshader' || named === 'lavapipe' || named === 'default') return named;
  throw new Error(`STUDIO_ADAPTER is "${named}": expected swiftshader, lavapipe or default.`);
}
