"""Reads the logs below the folder that is given with the programs they are for, and prints what those found as JSON.

Nothing of what they print is wanted: only the last line is ours."""

import csv
import json
import os
import runpy
import struct
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
LOGS = FOLDER / "logs"
WORK = FOLDER / "work"
WORK.mkdir()
os.environ |= {
    "TRACKIO_DIR": str(WORK / "trackio"),
    "WANDB_MODE": "offline",
    "WANDB_DIR": str(WORK),
    "WANDB_CACHE_DIR": str(WORK / "cache"),
    "WANDB_CONFIG_DIR": str(WORK / "config"),
    "WANDB_SILENT": "true",
    "HF_HUB_OFFLINE": "1",
}


def tensorboard():
    """By TensorBoard's loader of files, which checks every checksum, and by what its charts ask."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    (path,) = (LOGS / "tensorboard").rglob("*tfevents*")
    events = list(LegacyEventFileLoader(str(path)).Load())
    found = EventAccumulator(str(path.parent), size_guidance={"scalars": 0}, purge_orphaned_data=False).Reload()
    scalars = {tag: [[event.step, event.value] for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    return {"version": events[0].file_version, "events": len(events), "run": path.parent.name, "scalars": scalars, "times": [event.wall_time for event in events]}


def send(to, project):
    sys.argv = ["send_logs.py", to, "--project", project]
    runpy.run_path(str(LOGS / "send_logs.py"), run_name="__main__")


def wandb():
    """What wandb wrote offline: records of its own protobuf, in blocks of 32 KiB with seven bytes before each piece, as LevelDB logs are."""
    from wandb.proto import wandb_internal_pb2

    send("wandb", "studio")
    (path,) = WORK.glob("wandb/offline-run-*/*.wandb")
    data, at, pending, history, config = path.read_bytes(), 7, b"", [], {}
    while at < len(data):
        room = 32768 - at % 32768
        if room < 7:
            at += room
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        pending += data[at + 7 : at + 7 + length]
        at += 7 + length
        # A whole record, or the last piece of one.
        if kind in (1, 4):
            record = wandb_internal_pb2.Record.FromString(pending)
            pending = b""
            if record.WhichOneof("record_type") == "history":
                history.append({item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item})
            if record.WhichOneof("record_type") == "run":
                name = record.run.display_name
                config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    return {"name": name, "history": history, "config": config}


def trackio():
    """By its importers of event files and of tables, and by its own log."""
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    trackio.import_tf_events(LOGS / "tensorboard", "events")
    trackio.import_csv(LOGS / "metrics.csv", "table", name="table")
    send("trackio", "sent")
    projects = {}
    for project in ("events", "table", "sent"):
        (run,) = SQLiteStorage.get_runs(project)
        projects[project] = {"run": run, "rows": SQLiteStorage.get_logs(project, run)}
    return projects


def table():
    with (LOGS / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


print("\n" + json.dumps({"table": table(), "tensorboard": tensorboard(), "wandb": wandb(), "trackio": trackio()}))
