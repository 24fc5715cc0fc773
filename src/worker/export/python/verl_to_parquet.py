"""Turns train.jsonl and val.jsonl beside this file into the Parquet files that verl reads."""

from pathlib import Path

from datasets import Dataset

HERE = Path(__file__).resolve().parent

for name in ("train", "val"):
    Dataset.from_json(str(HERE / f"{name}.jsonl")).to_parquet(str(HERE / f"{name}.parquet"))
