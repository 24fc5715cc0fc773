"""Turns train.jsonl and val.jsonl beside this file into the Parquet files that verl reads, with the clips' full paths in them."""

import json
import os
from pathlib import Path

from datasets import Dataset

HERE = Path(__file__).resolve().parent
# What a row shows, and the key of its path.
COLUMNS = (("videos", "video"), ("images", "image"))
CARRIED = HERE.parent / "media"
CLIPS = Path(os.environ.get("CLIPS", CARRIED if CARRIED.is_dir() else HERE.parent)).resolve()


def with_paths(row):
    found = {}
    for column, key in COLUMNS:
        if row.get(column):
            found[column] = [{**one, key: str(CLIPS / one[key])} for one in row[column]]
    return {**row, **found}


def main():
    for name in ("train", "val"):
        source = HERE / f"{name}.jsonl"
        if not source.exists():
            continue
        rows = [with_paths(json.loads(line)) for line in source.read_text(encoding="utf-8").splitlines()]
        # A column that the first row lacks would be lost.
        shown = [column for column, _ in COLUMNS if any(row.get(column) for row in rows)]
        rows = [{**{column: [] for column in shown}, **row} for row in rows]
        missing = sorted({one[key] for row in rows for column, key in COLUMNS for one in row.get(column, []) if not Path(one[key]).exists()})
        if missing:
            raise SystemExit(f"{len(missing)} clips of {source.name} are not in {CLIPS}, {missing[0]} among them. Set CLIPS to the data's folder.")
        Dataset.from_list(rows).to_parquet(str(HERE / f"{name}.parquet"))


if __name__ == "__main__":
    main()
