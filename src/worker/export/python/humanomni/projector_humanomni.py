"""From the towers' features to the decoder's tokens: RegNet stages, three branches for video, a gate that mixes them.

Names are those of the published checkpoints: `b1` and `bn` are timm's, where `bn` is a LayerNorm over channels.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

from .configuration_humanomni import POOLED_POSITIONS

LAYER_NORM_EPS = 1e-5
SQUEEZE_RATIO = 0.25
# Width of the gate's hidden layer, the same in every published size.
GATE_WIDTH = 3584
BRANCHES = 3


def mlp(inputs, hidden, outputs, depth=2):
    """Linear layers with an exact GELU between them."""
    layers = [nn.Linear(inputs, hidden if depth > 1 else outputs)]
    for index in range(1, depth):
        layers += [nn.GELU(), nn.Linear(hidden, outputs if index == depth - 1 else hidden)]
    return nn.Sequential(*layers)


class ConvNorm(nn.Module):
    """A convolution without bias and a LayerNorm over its channels: [N, in, H, W] -> [N, out, H, W]."""

    def __init__(self, inputs, outputs, kernel=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
        self.bn = nn.LayerNorm(outputs, eps=LAYER_NORM_EPS)

    def forward(self, x):
        return self.bn(self.conv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class SqueezeExcite(nn.Module):
    """Channels scaled by what their means over the map say (Hu et al. 2018, arXiv 1709.01507)."""

    def __init__(self, width, hidden):
        super().__init__()
        self.fc1 = nn.Conv2d(width, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, width, 1)

    def forward(self, x):
        means = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.fc2(F.silu(self.fc1(means))))


class RegBlock(nn.Module):
    """RegNet's bottleneck with groups of one channel (Radosavovic et al. 2020, arXiv 2003.13678): [N, in, H, W] -> [N, out, H, W]."""

    def __init__(self, inputs, width):
        super().__init__()
        self.conv1 = ConvNorm(inputs, width)
        self.conv2 = ConvNorm(width, width, kernel=3, groups=width)
        self.se = SqueezeExcite(width, round(inputs * SQUEEZE_RATIO))
        self.conv3 = ConvNorm(width, width)
        self.downsample = ConvNorm(inputs, width) if inputs != width else None

    def forward(self, x):
        y = F.silu(self.conv2(F.silu(self.conv1(x))))
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.silu(self.conv3(self.se(y)) + shortcut)


def reg_stage(depth, inputs, width):
    return nn.Sequential(OrderedDict((f"b{index + 1}", RegBlock(inputs if index == 0 else width, width)) for index in range(depth)))


class VideoProjector(nn.Module):
    """Three projections of the same features: `video` and `body` through convolutions, `face` patch by patch."""

    def __init__(self, config):
        super().__init__()
        depth, padding = config.projector
        inputs, width = config.mm_hidden_size, config.hidden_size
        for name in ("video", "body"):
            self.add_module(f"s1_{name}", reg_stage(depth, inputs, width))
            sampler = nn.Conv3d(width, width, kernel_size=2, stride=(1, 2, 2), padding=(1, padding, padding))
            self.add_module(f"sampler_{name}", nn.Sequential(sampler, nn.SiLU()))
            self.add_module(f"s2_{name}", reg_stage(depth, width, width))
            self.add_module(f"readout_{name}", mlp(width, width, width))
        self.mlp_2xgelu_face = mlp(inputs, width, width)

    def convolved(self, name, maps):
        """One branch: maps [T, in, H, W] -> tokens [T * h * w, width], ordered by frame, row, column."""
        stage1, sampler, stage2, readout = (getattr(self, f"{part}_{name}") for part in ("s1", "sampler", "s2", "readout"))
        # Of T + 1 steps the last one is dropped: a token sees its own frame and the one before it.
        sampled = sampler(stage1(maps).transpose(0, 1)[None])[0, :, : maps.shape[0]]
        mixed = stage2(sampled.transpose(0, 1))
        return readout(mixed.permute(0, 2, 3, 1).flatten(0, 2))

    def pooled_face(self, features, side):
        """Features [T, side * side, in] -> tokens [T * h * w, width], each from a patch and its neighbours."""
        maps = self.mlp_2xgelu_face(features).transpose(1, 2).unflatten(2, (side, side))
        half = (side + 1) // 2
        pooled = F.interpolate(maps, size=(half, half), mode="bilinear", align_corners=False)
        return pooled.permute(0, 2, 3, 1).flatten(0, 2)

    def forward(self, features):
        """Features of the vision tower [T, side * side, in] -> tokens of the three branches [3, T * h * w, width]."""
        side = round(features.shape[1] ** 0.5)
        maps = features.transpose(1, 2).unflatten(2, (side, side))
        return torch.stack([self.convolved("video", maps), self.convolved("body", maps), self.pooled_face(features, side)])


def audio_projector(config):
    """The layers behind the audio tower; their number stands in the type's name."""
    kind = getattr(config, "mm_audio_projector_type", config.mm_projector_type)
    depth = kind.removeprefix("mlp").removesuffix("x_gelu")
    if kind != f"mlp{depth}x_gelu" or not depth.isdigit():
        raise ValueError(f'config.json: "mm_audio_projector_type" is {kind!r}, expected mlp2x_gelu.')
    return mlp(config.audio_config.d_model, config.hidden_size, config.hidden_size, int(depth))


def pool_positions(hidden):
    """States of the audio tower [positions, width] -> their means over triples [positions // 3, width]."""
    count = hidden.shape[0] // POOLED_POSITIONS
    return hidden[: count * POOLED_POSITIONS].unflatten(0, (count, POOLED_POSITIONS)).mean(1)
