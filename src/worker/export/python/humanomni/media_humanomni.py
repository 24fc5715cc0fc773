"""From a file to what the towers take: frames by the published rule, a square of pixels, 16 kHz mono, Whisper's log-mel."""

import math
from pathlib import Path

import numpy as np
import torch
from transformers.audio_utils import mel_filter_bank

SAMPLE_RATE = 16000
# Whisper's transform: its length, and the distance between frames, in samples.
FFT, HOP = 400, 160
# What the published code hears where a clip has no sound, in samples: ten seconds of silence.
SILENCE = 10 * SAMPLE_RATE
# Pictures a second of a folder of them.
FOLDER_RATE = 3
GREY = 127
# Pillow's bicubic: its parameter, its reach in pixels, and the bits of its whole-numbered weights.
BICUBIC, REACH, PRECISION = -0.5, 2.0, 22


def ffmpeg():
    """PyAV, which only whoever reads clips needs."""
    try:
        import av
    except ImportError as missing:
        raise ImportError("Clips are read by PyAV, which is not installed: pip install av") from missing
    return av


def sample_frames(count, frames):
    """Which of `count` frames are shown: at the centres of equal segments, half rounded to even; a short clip repeats some."""
    segment = (count - 1) / frames
    return [round(segment * (i + 0.5) + 1e-6) for i in range(frames)]


def part_of(count, rate, start=None, end=None):
    """First and last frame of a part in seconds, of `count` frames, `rate` a second: floor(seconds * rate) - 1, within the clip."""
    at = lambda seconds: min(max(math.floor(seconds * rate + 1e-6) - 1, 0), count - 1)
    first = 0 if start is None else at(start)
    return first, count - 1 if end is None else max(first, at(end))


def choose_frames(count, rate, frames, start=None, end=None):
    first, last = (0, count - 1) if start is None and end is None else part_of(count, rate, start, end)
    return [first + index for index in sample_frames(last - first + 1, frames)]


def picture_of(container):
    """The video track; the cover of an album is none."""
    for stream in container.streams.video:
        if not stream.disposition & ffmpeg().stream.Disposition.attached_pic:
            return stream
    raise ValueError(f"{container.name}: found no video track, expected one.")


def shown_frames(container):
    """How many frames a video shows, and how many a second: by its packets, without those that an edit list cuts off."""
    stream = picture_of(container)
    packets = [packet for packet in container.demux(stream) if packet.pts is not None and packet.pts >= 0 and not packet.is_discard]
    if not packets:
        raise ValueError(f"{container.name}: found a video track without frames, expected at least one.")
    first, end = min(packet.pts for packet in packets), max(packet.pts + (packet.duration or 0) for packet in packets)
    return len(packets), len(packets) / max(float((end - first) * stream.time_base), 1e-6)


def upright(frame):
    """RGB [height, width, 3], turned as the file asks."""
    return np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))


def read_frames(path, frames, start=None, end=None):
    """The frames of a video, of a picture, or of a folder of pictures: a list of RGB arrays [height, width, 3], repeats included."""
    if Path(path).is_dir():
        files = sorted(each for each in Path(path).iterdir() if not each.name.startswith("."))
        return [read_frames(files[index], 1)[0] for index in choose_frames(len(files), FOLDER_RATE, frames, start, end)]
    with ffmpeg().open(str(path)) as container:
        indices = choose_frames(*shown_frames(container), frames, start, end)
    found = {}
    with ffmpeg().open(str(path)) as container:
        shown = (frame for frame in container.decode(picture_of(container)) if frame.pts is None or frame.pts >= 0)
        for index, frame in zip(range(max(indices) + 1), shown):
            if index in indices:
                found[index] = upright(frame)
    if len(found) < len(set(indices)):
        raise ValueError(f"{path}: the clip is truncated: frame {max(indices)} is stated and could not be decoded.")
    return [found[index] for index in indices]


def read_sound(path, seconds, start=None, end=None):
    """The first seconds of the first sound of a file, or of a part of it, at 16 kHz: [samples], or None where there is none.

    Stereo becomes (L + R) / sqrt(2), as libswresample mixes floats, which is what the published pipeline hears.
    """
    if Path(path).is_dir():
        return None
    first = round((start or 0) * SAMPLE_RATE)
    last = first + round(seconds * SAMPLE_RATE) if end is None else min(first + round(seconds * SAMPLE_RATE), round(end * SAMPLE_RATE))
    pieces, length = [], 0
    with ffmpeg().open(str(path)) as container:
        if not container.streams.audio:
            return None
        resampler = ffmpeg().AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)
        for frame in (*container.decode(audio=0), None):
            for resampled in resampler.resample(frame):
                pieces.append(resampled.to_ndarray()[0])
                length += len(pieces[-1])
            if length >= last:
                break
    sound = np.concatenate(pieces)[first:last] if pieces else np.zeros(0, np.float32)
    sound[~np.isfinite(sound)] = 0
    return torch.from_numpy(sound) if len(sound) > 0 or start is None else None


def square(frame):
    """RGB [height, width, 3] in the middle of a grey square."""
    height, width, _ = frame.shape
    side = max(height, width)
    canvas = np.full((side, side, 3), GREY, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = frame
    return canvas


def cubic(x):
    """Keys' kernel (1981) with Pillow's parameter."""
    x = np.abs(x)
    inner = ((BICUBIC + 2) * x - (BICUBIC + 3)) * x * x + 1
    outer = BICUBIC * (((x - 5) * x + 8) * x - 4)
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))


def resize_weights(inputs, outputs):
    """Weights of each output pixel over the input's, [outputs, inputs], whole numbers of 2^-22: antialiased where it shrinks."""
    scale = inputs / outputs
    stretch = max(scale, 1.0)
    weights = np.zeros((outputs, inputs))
    for row in range(outputs):
        centre, reach = (row + 0.5) * scale, REACH * stretch
        first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), inputs)
        taps = cubic((np.arange(first, last) - centre + 0.5) / stretch)
        weights[row, first:last] = taps / taps.sum()
    return np.trunc(weights * 2**PRECISION + np.where(weights < 0, -0.5, 0.5))


def resize(image, side):
    """RGB [height, width, 3] -> [side, side, 3] as Pillow does it: across, then down, each rounded to a byte. Sums are exact in float64."""
    step = lambda sums: np.clip(np.floor((sums + 2 ** (PRECISION - 1)) / 2**PRECISION), 0, 255)
    across = step(np.einsum("ow,hwc->hoc", resize_weights(image.shape[1], side), image.astype(np.float64), optimize=True))
    return step(np.einsum("oh,hwc->owc", resize_weights(image.shape[0], side), across, optimize=True))


def pixels(frames, side, mean, std):
    """Frames -> what SigLIP takes [frames, 3, side, side]."""
    values = torch.from_numpy(np.stack([resize(square(frame), side) for frame in frames])).float() / 255
    return ((values - torch.tensor(mean)) / torch.tensor(std)).permute(0, 3, 1, 2).contiguous()


def log_mel(sound, mels, samples):
    """Sound [n] at 16 kHz, padded by zeros or cut to `samples` -> Whisper's log-mel [mels, samples / 160]."""
    # In float64: in a loud sound, what is quiet would drown in the rounding of float32.
    sound = torch.nn.functional.pad(sound[:samples].double(), (0, max(0, samples - len(sound))))
    window = torch.hann_window(FFT, dtype=torch.float64)
    spectrum = torch.stft(sound, FFT, HOP, window=window, center=True, pad_mode="reflect", return_complex=True)
    bank = mel_filter_bank(FFT // 2 + 1, mels, 0.0, SAMPLE_RATE / 2, SAMPLE_RATE, norm="slaney", mel_scale="slaney")
    heard = (torch.from_numpy(bank).T @ spectrum[:, :-1].abs() ** 2).clamp(min=1e-10).log10()
    return ((torch.maximum(heard, heard.max() - 8) + 4) / 4).float()
