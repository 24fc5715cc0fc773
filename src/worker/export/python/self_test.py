"""Compares the twin with the studio before anything trains: ids, media tokens and log-probabilities of a few clips.

    python self_test.py --base PATH [--clips PATH]

What the studio had is in self_test.jsonl and self_test.safetensors, by the weights of the checkpoint in this bundle. Media tokens are made
here from the clips themselves; browsers decode colours and sound a little differently. Log-probabilities are those of the studio's own
media tokens: there only the order of sums differs, and what weights were stored as.
"""

import argparse
import json
import os
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file

from humanomni import Clip, HumanOmniProcessor, HumanOmniQwen2ForCausalLM
from humanomni.training_humanomni import media_of, row_ids, tokens_of

HERE = Path(__file__).resolve().parent
SETTINGS = json.loads((HERE / "settings.json").read_text())
GIVEN = HERE / "self_test.jsonl"
# Share of the norm by which media tokens of the same file may differ: decoders round colours and resample sound in ways of their own.
MOST_TOKENS = 0.1
# In nats, where the studio computed with the weights as they are published, and where with fewer bits.
MOST_LOGPS, MOST_LOGPS_QUANTISED = 0.01, 0.5


def open_twin(base):
    """The whole model in float32, and what reads clips for it; the chat template is the one that the run's prompts were made by."""
    processor = HumanOmniProcessor.from_pretrained(base)
    processor.tokenizer.chat_template = SETTINGS["chat_template"]
    twin = HumanOmniQwen2ForCausalLM.from_pretrained(base, dtype=torch.float32)
    return twin.to("cpu" if not torch.accelerator.is_available() else torch.accelerator.current_accelerator()), processor


def log_probabilities(model, ids, answer, clips):
    """Of an answer's tokens behind a row of ids, at the temperature at which the studio sampled it."""
    rows = torch.tensor([[*ids, *answer.tolist()]], device=model.device)
    logits = model(input_ids=rows, clips=clips, use_cache=False, logits_to_keep=len(answer) + 1).logits[0, :-1].float()
    return logits.log_softmax(-1).gather(1, answer[:, None].to(model.device))[:, 0].cpu()


@torch.no_grad()
def compare(model, processor, folder):
    """For each clip of the studio's: whether the ids are the same, how far the media tokens are as a share of their norm, and the log-probabilities."""
    twin, numbers = model.get_base_model(), load_file(HERE / "self_test.safetensors")
    found = []
    for index, row in enumerate(map(json.loads, GIVEN.read_text().splitlines())):
        prompt, media, answer, logps = (numbers[f"{index}.{name}"] for name in ("prompt", "media", "answer", "logps"))
        files = media_of(row, folder)
        ids = torch.tensor(row_ids(processor, row, files, 0))
        ours = tokens_of(twin.model, processor.clip(torch.tensor(row.get("question_ids") or []), **files))
        seen = len(ours.get("video_tokens", ()))
        theirs = Clip(video_tokens=media[:seen], audio_tokens=media[seen:])
        both = torch.cat(list(ours.values()))
        found.append(
            {
                "ids": ids.masked_fill(ids >= twin.config.vocab_size, 0).tolist() == prompt.tolist(),
                "tokens": float((both - media).norm() / media.norm()) if both.shape == media.shape else float("inf"),
                "logps": float((log_probabilities(twin, ids.tolist(), answer, [theirs]) - logps).abs().max()),
            }
        )
    return found


def check(twin, processor, checkpoint, folder):
    """Stops where the twin is not the studio's model; leaves it as it was. A bundle of a run whose clips were not at hand has nothing to compare."""
    if not GIVEN.exists():
        return []
    model = PeftModel.from_pretrained(twin, checkpoint)
    found = compare(model.eval(), processor, folder)
    model.unload()
    most = MOST_LOGPS if SETTINGS["studio"].get("frozenWeights", "published") == "published" else MOST_LOGPS_QUANTISED
    for index, each in enumerate(found):
        print(f"Self-test, clip {index + 1}: media tokens differ by {each['tokens']:.2e} of their norm, log-probabilities by {each['logps']:.2e}.")
        if not each["ids"]:
            raise SystemExit("The prompt is not the studio's, token by token. Check --base: its tokenizer must be that of the run.")
        if not each["logps"] <= most:
            raise SystemExit(f"Log-probabilities differ from the studio's by {each['logps']:.3g}, expected at most {most}. Check --base: it must be the base model of the run.")
        if not each["tokens"] <= MOST_TOKENS:
            raise SystemExit(f"Media tokens differ from the studio's by {each['tokens']:.1%} of their norm. Check --clips: the files must be those of the run.")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=SETTINGS["base_model"], help="folder of the base model")
    parser.add_argument("--checkpoint", type=Path, default=HERE / (SETTINGS["checkpoint"] or ""))
    carried = HERE / "media"
    parser.add_argument("--clips", default=os.environ.get("CLIPS", carried if carried.is_dir() else HERE), help="folder of the clips")
    options = parser.parse_args()
    twin, processor = open_twin(options.base)
    if not check(twin, processor, options.checkpoint, options.clips):
        print("The bundle has no clips to compare.")


if __name__ == "__main__":
    main()
