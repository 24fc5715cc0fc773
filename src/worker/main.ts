/** The door between page and worker: opens the device, checks every message, hands commands to the session. */

import type { Gpu } from '../gpu/index.ts';
import type { FileStore } from '../io/writing/file-store.ts';
import { InputError } from '../math/errors.ts';
import { startTfOnDevice, tf } from '../media/tf-device.ts';
import { namedVariants, tune } from '../ops/tuning/tune.ts';
import { decodeCommand } from '../protocol/decode.ts';
import type { DeviceInfo, Event } from '../protocol/messages.ts';
import { reportBrokenExport } from './export/write.ts';
import { failureEvent } from './failure.ts';
import { Bench } from './gpu/bench.ts';
import { openDevice } from './gpu/device.ts';
import { LostLately } from './gpu/lost-lately.ts';
import { tuneDevice } from './gpu/tuning.ts';
import { browserHost, privateFiles } from './host.ts';
import { ModelsAtHand } from './inputs/models-at-hand.ts';
import { obey } from './obey.ts';
import { framedRewards } from './reward-frames.ts';
import { Session } from './session.ts';

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

/** A device that is ready to work on. @throws InputError when there is none */
async function openGpu(files: FileStore | undefined, lost: LostLately): Promise<Gpu> {
  const opened = await openDevice(() => lost.isSo());
  if (opened.kind === 'unavailable') throw new InputError(opened.reason, { hint: opened.hint });
  const { gpu, info } = opened;
  // What cannot be written down is remembered until the page is left.
  void lost.watch(gpu.device).catch(() => undefined);
  const variants = namedVariants(await tuneDevice(gpu, files, () => tune(gpu)));
  await startPreprocessing(gpu, info);
  emit({ type: 'ready', device: { ...info, variants } });
  return gpu;
}

/** The session on this machine's device. */
async function openSession(): Promise<Session> {
  const files = await privateFiles();
  const lost = new LostLately(files);
  const open = () => openGpu(files, lost);
  // One that is lost while it is made ready is nobody's last word.
  const gpu = await open().catch((error: unknown) => {
    if (error instanceof InputError) throw error;
    return open();
  });
  const session = new Session(gpu, emit, browserHost(files, open, rewards.runner));
  await session.runs.list().catch((error: unknown) => emit(failureEvent(error)));
  // After the runs: the page looks among them for the one that was being exported.
  void reportBrokenExport(emit).catch((error: unknown) => emit(failureEvent(error)));
  return session;
}

const rewards = framedRewards(emit);

/** Undefined, and said so, when there is no device. */
const opening = openSession().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  const known = error instanceof InputError ? error.hint : undefined;
  const hint = known ?? 'Reload the page; if it happens again, restart the browser.';
  emit({ type: 'unavailable', reason, hint });
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
    await obey({ session, atHand, bench, rewards: rewards.runner }, command, emit);
    if (requestId !== undefined) emit({ type: 'done', requestId });
  } catch (error) {
    emit(failureEvent(error, requestId));
  }
}

self.onmessage = ({ data, ports: [frames] }: MessageEvent<unknown>) => {
  // With its first message the page hands over its line for frames; commands carry none.
  if (frames) rewards.connect(frames);
  else void receive(data);
};
