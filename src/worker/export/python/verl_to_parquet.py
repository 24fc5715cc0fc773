"""Turns train.jsonl and val.jsonl beside this file into the Parquet files that verl reads, with the clips' full paths in them."""

import json
import os
from pathlib import Path

from datasets import Dataset

HERE = Path(__file__).resolve().parent
CARRIED = HERE.parent / "media"
CLIPS = Path(os.environ.get("CLIPS", CARRIED if CARRIED.is_dir() else HERE.parent)).resolve()


def with_paths(row):
    videos = [{**video, "video": str(CLIPS / video["video"])} for video in row.get("videos", [])]
    return {**row, "videos": videos} if videos else row


def main():
    for name in ("train", "val"):
        source = HERE / f"{name}.jsonl"
        if not source.exists():
            continue
        rows = [with_paths(json.loads(line)) for line in source.read_text(encoding="utf-8").splitlines()]
        missing = sorted({video["video"] for row in rows for video in row.get("videos", []) if not Path(video["video"]).exists()})
        if missing:
            raise SystemExit(f"{len(missing)} clips of {source.name} are not in {CLIPS}, {missing[0]} among them. Set CLIPS to the data's folder.")
        Dataset.from_list(rows).to_parquet(str(HERE / f"{name}.parquet"))


if __name__ == "__main__":
    main()
