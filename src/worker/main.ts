/** The door between page and worker: opens the device, checks every message, hands commands to the session. */

import type { Gpu } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import { startTfOnDevice, tf } from '../media/tf-device.ts';
import { tune } from '../ops/tune.ts';
import { decodeCommand } from '../protocol/decode.ts';
import type { DeviceInfo, Event } from '../protocol/messages.ts';
import { Bench } from './bench.ts';
import { openDevice } from './device.ts';
import { reportBrokenExport } from './export/write.ts';
import { failureEvent } from './failure.ts';
import { browserHost, privateFiles } from './host.ts';
import { ModelsAtHand } from './models-at-hand.ts';
import { obey } from './obey.ts';
import { Session } from './session.ts';
import { tuneDevice } from './tuning.ts';

function emit(event: Event, transfer: Transferable[] = []): void {
  self.postMessage(event, { transfer });
}

/**
 * Clips are prepared on our device. A software device is the processor itself, and tfjs's tiled shaders are a detour there
 * (ten times slower, measured on SwiftShader): then the same operations run on tfjs's processor backend.
 */
async function startPreprocessing(gpu: Gpu, info: DeviceInfo): Promise<void> {
  if (info.isSoftware) await tf.setBackend('cpu');
  else await startTfOnDevice(gpu.device, gpu.info);
}

/** The session on this machine's device; undefined, and said so, when there is none. */
async function openSession(): Promise<Session | undefined> {
  const opened = await openDevice();
  if (opened.kind === 'unavailable') {
    emit({ type: 'unavailable', reason: opened.reason, hint: opened.hint });
    return undefined;
  }
  const { gpu, info } = opened;
  const files = await privateFiles();
  const makers = await tuneDevice(gpu, files, () => tune(gpu));
  await startPreprocessing(gpu, info);
  const session = new Session(gpu, emit, browserHost(files));
  void gpu.device.lost.then(({ message, reason }) => {
    session.deviceLost(`The GPU was lost (${reason}): ${message || 'the driver gave no reason'}.`);
  });
  emit({ type: 'ready', device: { ...info, makers } });
  await session.listRuns().catch((error: unknown) => emit(failureEvent(error)));
  // After the runs: the page looks among them for the one that was being exported.
  void reportBrokenExport(emit).catch((error: unknown) => emit(failureEvent(error)));
  return session;
}

const opening = openSession().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  emit({ type: 'unavailable', reason, hint: 'Reload the page; if it happens again, restart the browser.' });
  return undefined;
});

const atHand = new ModelsAtHand(emit);
const bench = new Bench(emit);

function requestIdOf(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null || !('requestId' in message)) return undefined;
  return typeof message.requestId === 'number' ? message.requestId : undefined;
}

async function receive(message: unknown): Promise<void> {
  const requestId = requestIdOf(message);
  try {
    const command = decodeCommand(message);
    const session = await opening;
    if (!session)
      throw new InputError('There is no GPU to work on.', { hint: 'See the notice at the top of the page.' });
    await obey({ session, atHand, bench }, command);
    if (requestId !== undefined) emit({ type: 'done', requestId });
  } catch (error) {
    emit(failureEvent(error, requestId));
  }
}

self.onmessage = ({ data }: MessageEvent<unknown>) => void receive(data);
