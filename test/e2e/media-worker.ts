/** The worker of the media test: decodes the clip at an address and posts what came of it, or how it failed. */
import { describeError } from '../../src/math/errors.ts';
import { decodeClip } from '../../src/media/decode.ts';
import { decodeImageFolder } from '../../src/media/pictures.ts';

export interface MediaRequest {
  readonly name: string;
  /** Absent where the picture is not looked at. */
  readonly frames?: number;
  readonly audioSeconds?: number;
  /** Of a part, in seconds. */
  readonly start?: number;
  readonly end?: number;
  /** Names of pictures, when the clip is a folder. */
  readonly pictures?: readonly string[];
}

async function fetchBlob(name: string): Promise<Blob> {
  return (await fetch(`/clips/${name}`)).blob();
}

async function decode(request: MediaRequest) {
  if (!request.pictures) return decodeClip(await fetchBlob(request.name), request.name, request);
  const pictures = await Promise.all(
    request.pictures.map(async (name) => ({ name, blob: await fetchBlob(name) })),
  );
  return decodeImageFolder(pictures, request.name, { ...request, frames: request.frames ?? 1 });
}

self.onmessage = async (event: MessageEvent<MediaRequest>) => {
  try {
    self.postMessage({ clip: await decode(event.data) });
  } catch (error) {
    self.postMessage({
      error: describeError(error),
      kind: error instanceof Error ? error.name : typeof error,
    });
  }
};
