"""A reader of safetensors files, for checks of what the studio writes: NumPy and nothing of the studio's."""

import json

import numpy

TYPES = {"F32": numpy.float32, "F16": numpy.float16, "I64": numpy.int64, "BF16": numpy.uint16}


def read_safetensors(path):
    """Tensors by name, as float32 where they are floating-point."""
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0, "the header is not padded to 8 bytes"
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors, ends = {}, []
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        ends.append((start, end))
        values = numpy.frombuffer(data, TYPES[entry["dtype"]], offset=8 + length + start, count=int(numpy.prod(entry["shape"], dtype=int)))
        if entry["dtype"] == "BF16":
            values = (values.astype(numpy.uint32) << 16).view(numpy.float32)
        assert (end - start) == values.size * numpy.dtype(TYPES[entry["dtype"]]).itemsize
        tensors[name] = values.reshape(entry["shape"])
    ends.sort()
    assert all(a[1] == b[0] for a, b in zip(ends, ends[1:])), "holes between tensors"
    assert 8 + length + ends[-1][1] == len(data), "bytes behind the last tensor"
    return tensors
