"""What the twin's processor makes of clips and questions; files for the test go into the folder it is given."""

import importlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

CHIRP = torch.arange(16000, dtype=torch.float64) / 16000


def check_preprocessing(media, golden, out):
    """Log-mel and pixels of the golden preprocessing case; and how far the log-mel of its chirp is, before that was rounded."""
    case, given, found = json.loads((golden / "case.json").read_text()), load_file(golden / "case.safetensors"), {}
    columns = [column for column in range(3000) if column < 64 or column % 13 == 0]
    for index, entry in enumerate(case["audio"]):
        sound = given[f"audio.{index}.waveform_i16"].float() / 32768
        found[f"audio.{index}.log_mel_columns"] = media.log_mel(sound, entry["mels"], 480000)[:, columns].contiguous()
    for index, entry in enumerate(case["image"]):
        found[f"image.{index}.pixel_values"] = media.pixels([given[f"image.{index}.rgb_u8"].numpy()], entry["size"], [0.5] * 3, [0.5] * 3)[0]
    save_file(found, out)
    chirp = 0.5 * (2 * torch.pi * (100 * CHIRP + 900 * CHIRP**2)).sin()
    return float((media.log_mel(chirp, 80, 480000)[:, columns] - given["audio.0.log_mel_columns"]).abs().max())


def check_clips(media, clips, out):
    """Frames and sound of each clip, by its number."""
    found = {}
    for index, (path, frames, start, end) in enumerate(clips):
        if frames:
            found[f"frames.{index}"] = torch.stack([torch.from_numpy(frame.copy()) for frame in media.read_frames(path, frames, start, end)])
        sound = media.read_sound(path, 30, start, end)
        if sound is not None:
            found[f"sound.{index}"] = sound
    save_file(found, out)


def check_rows(processor, asked, shown):
    """Ids of chat and gate of each question, those of media places as 0, and what the model is given of a clip."""
    rows = []
    for question, kind in asked:
        out = processor([question], [{kind: shown[kind]}])
        ids = out["input_ids"][0]
        rows.append({"ids": ids.masked_fill(ids >= processor.config.vocab_size, 0).tolist(), "gate": out["clips"][0].question_ids.tolist()})
    two = processor([asked[0][0], asked[0][0] + " Why?"], [{"video": shown["video"]}] * 2)
    return rows, [list(two["input_ids"].shape), two["attention_mask"].sum(1).tolist()], two


def said(module, processor, demo, rows):
    """What the demo answers two questions of different length about a clip, asked together."""
    twin = module.HumanOmniQwen2ForCausalLM.from_pretrained(demo, dtype=torch.float32)
    written = twin.generate(**rows, max_new_tokens=32, do_sample=False)
    return processor.tokenizer.batch_decode(written[:, rows["input_ids"].shape[1] :], skip_special_tokens=True)


def check_processor(module, given, folder):
    media = importlib.import_module("humanomni.media_humanomni")
    processor = module.HumanOmniProcessor.from_pretrained(given["demo"])
    rows, padded, two = check_rows(processor, given["asked"], given["shown"])
    check_clips(media, given["clips"], folder / "clips.safetensors")
    sampled = json.loads((Path(given["golden"]) / "case.json").read_text())["frame_sample"]
    return {
        "frames": [count for count, indices in sampled.items() if media.sample_frames(int(count), 8) != indices],
        "chirp": check_preprocessing(media, Path(given["preprocess"]), folder / "preprocess.safetensors"),
        "rows": rows,
        "padded": padded,
        "said": said(module, processor, given["demo"], two),
    }
