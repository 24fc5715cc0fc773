"""Turns train.jsonl and val.jsonl beside this file into the Parquet files that verl reads, with the clips' full paths in them."""

import os
from pathlib import Path

from datasets import Dataset

HERE = Path(__file__).resolve().parent
CLIPS = Path(os.environ.get("CLIPS", HERE.parent)).resolve()


def with_paths(row):
    videos = row.get("videos")
    return {"videos": [{**video, "video": str(CLIPS / video["video"])} for video in videos]} if videos else {}


def main():
    for name in ("train", "val"):
        source = HERE / f"{name}.jsonl"
        if not source.exists():
            continue
        rows = Dataset.from_json(str(source)).map(with_paths)
        paths = [video["video"] for row in rows for video in row.get("videos") or []]
        missing = sorted({path for path in paths if not Path(path).exists()})
        if missing:
            raise SystemExit(f"{len(missing)} clips of {source.name} are not in {CLIPS}, {missing[0]} among them. Set CLIPS to the data's folder.")
        rows.to_parquet(str(HERE / f"{name}.parquet"))


if __name__ == "__main__":
    main()
