"""Prints what torch reads in weights.pt and values.pt, and what Python's zipfile says of wide.zip."""

import json
import zipfile

import torch

# Debian's torch cannot read floats under weights_only, newer ones can: floats stand only in values.pt.
weights = torch.load("weights.pt", weights_only=True)
values = torch.load("values.pt", weights_only=False)
tensor = values.pop("tensor")
scalar = values["nested"][1].pop("scalar")
with zipfile.ZipFile("wide.zip") as archive:
    wide = {"bad": archive.testzip(), "files": {name: archive.read(name).decode() for name in archive.namelist()}}
print(
    json.dumps(
        {
            "weights": {"step": weights["step"].item(), "names": weights["names"]},
            "values": values,
            "types": {key: type(value).__name__ for key, value in values.items()},
            "tensor": tensor.tolist(),
            "dtype": str(tensor.dtype),
            "contiguous": tensor.is_contiguous(),
            "scalar": [scalar.item(), list(scalar.shape)],
            "wide": wide,
        }
    )
)
