"""Writes Parquet files of clips as pyarrow does, in all of its compressions: python write_parquet.py FOLDER ROWS."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq

folder, rows = sys.argv[1], int(sys.argv[2])
clips = [{"bytes": b"\0\0\0\x18ftypisom" + bytes([i]) * (1000 + i), "path": f"{i}.mp4"} for i in range(rows)]
labels = [["angry", "happy", "sad"][i % 3] for i in range(rows)]
table = pa.table({"video": pa.array(clips), "label": pa.array(labels).dictionary_encode()})
for compression in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    for version in ["1.0", "2.0"]:
        for index in [True, False]:
            pq.write_table(
                table,
                f"{folder}/{compression}-{version}-{index}.parquet",
                compression=compression,
                data_page_version=version,
                write_page_index=index,
                data_page_size=4000,
                row_group_size=20,
                write_batch_size=3,
            )
