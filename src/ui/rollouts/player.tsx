/** A file of the person's own, played by the browser as far as it can: the part of it that a row is about. */
import { type RefObject, useEffect, useRef, useState } from 'react';
import type { ClipFile } from '../../protocol/messages.ts';

export function Player({ clip }: { readonly clip: ClipFile }) {
  const { name, kind, file } = clip;
  const url = useObjectUrl(file);
  const [trouble, setTrouble] = useState<string>();
  const cannot = () =>
    setTrouble(
      `This browser cannot play ${name}: it has no decoder for it. What the model got of it is below.`,
    );
  if (!file) {
    return <p className="muted">{name} is a folder of pictures: what the model got of it is below.</p>;
  }
  const isPicture = kind === 'image' || name.toLowerCase().endsWith('.gif');
  return (
    <div className="player" data-testid="player">
      {url !== undefined && isPicture && <img src={url} alt={name} onError={cannot} />}
      {url !== undefined && !isPicture && (
        <Played {...{ clip, url, cannot }} isSilent={() => setTrouble(`${name}: ${ONLY_SOUND}`)} />
      )}
      <p className="muted clip-name">
        <bdi>{name}</bdi>
      </p>
      {trouble !== undefined && (
        <p className="notice" role="status" data-testid="cannot-play">
          {trouble}
        </p>
      )}
    </div>
  );
}

const ONLY_SOUND =
  'this browser plays its sound and has no decoder for its picture. What the model got of it is below.';

interface PlayedProps {
  readonly clip: ClipFile;
  readonly url: string;
  readonly cannot: () => void;
  /** It has a picture that the browser leaves out. */
  readonly isSilent: () => void;
}

function Played({ clip: { name, kind, start = 0, end }, url, cannot, isSilent }: PlayedProps) {
  const media = useRef<HTMLVideoElement>(null);
  usePart(media, start, end);
  const shared = { src: url, controls: true, preload: 'metadata', 'aria-label': name, onError: cannot };
  if (kind === 'audio') {
    return <audio ref={media} {...shared} />;
  }
  return (
    <video
      ref={media}
      {...shared}
      playsInline
      onLoadedMetadata={({ currentTarget }) => {
        if (currentTarget.videoWidth === 0) isSilent();
      }}
    />
  );
}

/** The address of a file within this page, for as long as the part that shows it is there. */
function useObjectUrl(file: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!file) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => {
      setUrl(undefined);
      URL.revokeObjectURL(made);
    };
  }, [file]);
  return url;
}

/** Seconds within which a place is taken for another: a frame or two. */
const NEAR = 0.05;

/** Keeps a player to a part of its recording: it begins there, stops there, and plays it again. */
function usePart(player: RefObject<HTMLMediaElement | null>, start: number, end: number | undefined): void {
  useEffect(() => {
    const media = player.current;
    if (!media || (start === 0 && end === undefined)) return;
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const left = () => (end ?? Number.POSITIVE_INFINITY) - media.currentTime;
    const toStart = () => {
      media.currentTime = start;
    };
    const watch = () => {
      clearTimeout(timer);
      if (media.paused) return;
      if (left() <= NEAR) media.pause();
      else if (left() < 1) timer = setTimeout(watch, (1000 * left()) / media.playbackRate);
    };
    const begin = () => {
      if (left() <= NEAR || media.currentTime < start - NEAR) toStart();
      watch();
    };
    const { signal } = leaving;
    media.addEventListener('loadedmetadata', toStart, { signal });
    media.addEventListener('play', begin, { signal });
    for (const event of ['timeupdate', 'seeked', 'ratechange'])
      media.addEventListener(event, watch, { signal });
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [player, start, end]);
}
