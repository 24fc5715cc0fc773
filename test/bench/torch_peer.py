#!/usr/bin/env python3
"""One GRPO step of HumanOmni-0.5B's shape in PyTorch, with the published trainer's schedule; prints JSON.

The schedule: the prompt is repeated for each of G completions; both towers run again for every copy, in the policy's pass and in
the reference's, beside once for the rollout; logits of all positions are made. Weights are random. Towers and decoder have
the published shapes; projectors are a linear layer each, and BERT is left out, which favours PyTorch a little. Needs PyTorch
1.13 or 2.x and nothing else.

  python3 test/bench/torch_peer.py [--dtype bfloat16|float32] [--trains full|lora] [--small] [--device cuda|cpu]
"""
import argparse
import json
import math
import time

import torch
from torch import nn
from torch.nn import functional as F

REAL = dict(
    hidden=896, inner=4864, layers=24, heads=14, kv_heads=2, vocab=151936,
    prompt=976, completion=256, group=8, frames=8, mel=3000, video=392, audio=500,
    vision=(768, 3072, 12, 12, 16, 224), sound=(1280, 5120, 32, 20, 128), matmul=8192, copied=1 << 32, repeats=5,
)
SMALL = dict(
    hidden=64, inner=128, layers=2, heads=4, kv_heads=2, vocab=512,
    prompt=24, completion=8, group=4, frames=2, mel=40, video=8, audio=10,
    vision=(32, 64, 1, 2, 16, 32), sound=(32, 64, 1, 2, 16), matmul=256, copied=1 << 20, repeats=2,
)
BETA, TOP_K, RANK = 0.04, 50, 16
LINEARS = ('q', 'k', 'v', 'o', 'gate', 'up', 'down')


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        y = x.float()
        return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype) * self.weight


class LoraLinear(nn.Module):
    """y = x Wᵀ + 2 (x Aᵀ) Bᵀ, W frozen."""

    def __init__(self, base):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.a = nn.Parameter(torch.randn(RANK, base.in_features) / math.sqrt(base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, RANK))

    def forward(self, x):
        return self.base(x) + 2 * F.linear(F.linear(x, self.a), self.b)


def attend(q, k, v, causal):
    """Softmax attention over [batch, heads, tokens, width]; the fused kernel where this PyTorch has one."""
    if hasattr(F, 'scaled_dot_product_attention'):
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if causal:
        mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).tril()
        scores = scores.masked_fill(~mask, float('-inf'))
    return scores.softmax(-1) @ v


def turn(x, cos, sin):
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat([-right, left], -1) * sin


class DecoderLayer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads, self.kv_heads, self.width = s['heads'], s['kv_heads'], s['hidden'] // s['heads']
        narrow = self.kv_heads * self.width
        d, inner = s['hidden'], s['inner']
        self.q, self.k, self.v = nn.Linear(d, d), nn.Linear(d, narrow), nn.Linear(d, narrow)
        self.o = nn.Linear(d, d, bias=False)
        self.gate, self.up = nn.Linear(d, inner, bias=False), nn.Linear(d, inner, bias=False)
        self.down = nn.Linear(inner, d, bias=False)
        self.before, self.after = RMSNorm(d), RMSNorm(d)

    def forward(self, x, cos, sin, cache=None, at=0):
        """`cache`: keys and values [batch, kv heads, places, width], written from place `at` on."""
        batch, tokens, _ = x.shape
        h = self.before(x)
        q, k, v = (
            f(h).view(batch, tokens, -1, self.width).transpose(1, 2) for f in (self.q, self.k, self.v)
        )
        q, k = turn(q, cos, sin), turn(k, cos, sin)
        if cache is not None:
            cache[0][:, :, at:at + tokens], cache[1][:, :, at:at + tokens] = k, v
            k, v = cache[0][:, :, :at + tokens], cache[1][:, :, :at + tokens]
        share = self.heads // self.kv_heads
        k, v = k.repeat_interleave(share, 1), v.repeat_interleave(share, 1)
        mixed = attend(q, k, v, causal=tokens > 1).transpose(1, 2).reshape(batch, tokens, -1)
        x = x + self.o(mixed)
        h = self.after(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Decoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.embed = nn.Embedding(s['vocab'], s['hidden'])
        nn.init.normal_(self.embed.weight, std=0.02)
        self.layers = nn.ModuleList(DecoderLayer(s) for _ in range(s['layers']))
        self.norm = RMSNorm(s['hidden'])
        width = s['hidden'] // s['heads']
        angles = torch.outer(torch.arange(s['prompt'] + s['completion']).float(), 1e6 ** (-torch.arange(0, width, 2) / width))
        self.register_buffer('cos', torch.cat([angles.cos(), angles.cos()], -1))
        self.register_buffer('sin', torch.cat([angles.sin(), angles.sin()], -1))

    def forward(self, x, caches=None, at=0):
        """Embeddings [batch, tokens, hidden] to logits of all positions."""
        span = slice(at, at + x.shape[1])
        for index, layer in enumerate(self.layers):
            x = layer(x, self.cos[span], self.sin[span], caches[index] if caches else None, at)
        return F.linear(self.norm(x), self.embed.weight)


class TowerLayer(nn.Module):
    def __init__(self, width, inner, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.o = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(self.before(x)).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        x = x + self.o(attend(*qkv, causal=False).transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(F.gelu(self.fc1(self.after(x))))


class Media(nn.Module):
    """SigLIP and Whisper's encoder, frozen, and a projector each: pixels and mel to rows of the decoder's width."""

    def __init__(self, s):
        super().__init__()
        self.s = s
        width, inner, layers, heads, patch, _ = s['vision']
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.vision = nn.Sequential(*(TowerLayer(width, inner, heads) for _ in range(layers)))
        wide, deep, count, many, bins = s['sound']
        self.conv1, self.conv2 = nn.Conv1d(bins, wide, 3, 1, 1), nn.Conv1d(wide, wide, 3, 2, 1)
        self.sound = nn.Sequential(*(TowerLayer(wide, deep, many) for _ in range(count)))
        self.requires_grad_(False)
        self.video_rows, self.audio_rows = nn.Linear(width, s['hidden']), nn.Linear(wide, s['hidden'])

    def forward(self, pixels, mel):
        """pixels [copies, frames, 3, side, side], mel [copies, bins, columns]: [copies, video + audio, hidden]."""
        copies = pixels.shape[0]
        with torch.no_grad():
            seen = self.vision(self.patches(pixels.flatten(0, 1)).flatten(2).transpose(1, 2))
            heard = self.sound(F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2))
            pool = F.adaptive_avg_pool1d
            seen = pool(seen.reshape(copies, -1, seen.shape[-1]).transpose(1, 2), self.s['video']).transpose(1, 2)
            heard = pool(heard.transpose(1, 2), self.s['audio']).transpose(1, 2)
        return torch.cat([self.video_rows(seen), self.audio_rows(heard)], 1)


class Model(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.media, self.decoder = Media(s), Decoder(s)

    def embed(self, ids, pixels, mel):
        """Text embeddings with the first of them replaced by the media's rows."""
        rows = self.media(pixels, mel)
        return torch.cat([rows, self.decoder.embed(ids)[:, rows.shape[1]:]], 1)


def add_lora(model):
    model.requires_grad_(False)
    for layer in model.decoder.layers:
        for name in LINEARS:
            setattr(layer, name, LoraLinear(getattr(layer, name)))


class Clock:
    def __init__(self, device):
        self.device = device

    def now(self):
        if self.device.type == 'cuda':
            torch.cuda.synchronize()
        return time.perf_counter()


def matmul_peaks(s, clock, device):
    """TFLOP/s of square matmuls by type; tf32 is float32 with its mantissa cut."""
    n, found = s['matmul'], {}
    kinds = [('float32', torch.float32, False)]
    if device.type == 'cuda':
        kinds += [('tf32', torch.float32, True), ('float16', torch.float16, False), ('bfloat16', torch.bfloat16, False)]
    for name, dtype, cut in kinds:
        torch.backends.cuda.matmul.allow_tf32 = cut
        a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
        a @ b
        best = math.inf
        for _ in range(s['repeats']):
            start = clock.now()
            a @ b
            best = min(best, clock.now() - start)
        found[name] = 2 * n ** 3 / best / 1e12
    torch.backends.cuda.matmul.allow_tf32 = False
    return found


def copy_rate(s, clock, device):
    """GB/s of a large copy on the device, bytes read and written."""
    source = torch.ones(s['copied'], dtype=torch.uint8, device=device)
    target, best = torch.empty_like(source), math.inf
    for _ in range(s['repeats'] + 1):
        start = clock.now()
        target.copy_(source)
        best = min(best, clock.now() - start)
    return 2 * s['copied'] / best / 1e9


@torch.no_grad()
def generate(model, embeddings, s):
    """C tokens for each row, drawn from the 50 likeliest; the prompt is read for every row."""
    decoder, (rows, prompt, _) = model.decoder, embeddings.shape
    width = s['hidden'] // s['heads']
    place = (rows, s['kv_heads'], prompt + s['completion'], width)
    caches = [[embeddings.new_empty(place) for _ in range(2)] for _ in decoder.layers]
    logits, ids = decoder(embeddings, caches)[:, -1], []
    for step in range(s['completion']):
        likely, which = logits.float().topk(min(TOP_K, s['vocab']))
        ids.append(which.gather(1, torch.multinomial(likely.softmax(-1), 1)))
        if step + 1 < s['completion']:
            logits = decoder(decoder.embed(ids[-1]), caches, prompt + step)[:, -1]
    return torch.cat(ids, 1)


def log_probs(model, embeddings, completions):
    """Of the completions' tokens, from logits of all positions, row by row as published."""
    logits = model.decoder(torch.cat([embeddings, model.decoder.embed(completions)], 1))
    logits = logits[:, embeddings.shape[1] - 1:-1]
    rows = [row.log_softmax(-1).gather(1, ids[:, None])[:, 0] for row, ids in zip(logits, completions)]
    return torch.stack(rows)


def decode_rate(model, s, rows, clock, dtype, device):
    """Tokens a second of all rows together, reading the prompts included."""
    prompts = torch.randn(rows, s['prompt'], s['hidden'], device=device, dtype=dtype)
    generate(model, prompts, {**s, 'completion': 2})
    start = clock.now()
    generate(model, prompts, s)
    return rows * s['completion'] / (clock.now() - start)


def grpo_step(model, reference, optimizer, batch, s, clock):
    """Milliseconds of the parts of one step."""
    ids, pixels, mel = batch
    group, times = s['group'], {}

    def timed(name, work):
        start = clock.now()
        result = work()
        times[name] = 1000 * (clock.now() - start)
        return result

    def rollout():
        with torch.no_grad():
            return generate(model, model.embed(ids, pixels, mel).repeat(group, 1, 1), s)

    completions = timed('rollout', rollout)
    copies = [x.repeat(group, *[1] * (x.dim() - 1)) for x in batch]
    with torch.no_grad():
        wanted = timed('reference', lambda: log_probs(reference, reference.embed(*copies), completions))
    logp = timed('policy', lambda: log_probs(model, model.embed(*copies), completions))
    rewards = torch.arange(group, device=ids.device).float() % 2
    advantages = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
    kl = torch.exp(wanted - logp) - (wanted - logp) - 1
    ratio = torch.exp(logp - logp.detach())
    loss = (BETA * kl - ratio * advantages[:, None]).mean()

    def update():
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimizer.step()

    timed('update', update)
    return {**times, 'total': sum(times.values())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dtype', choices=['bfloat16', 'float32'], default='bfloat16')
    parser.add_argument('--trains', choices=['full', 'lora'], default='full')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--small', action='store_true')
    parser.add_argument('--steps', type=int, default=3, help='the first warms up; the median of the others counts')
    args = parser.parse_args()
    s, device, dtype = SMALL if args.small else REAL, torch.device(args.device), getattr(torch, args.dtype)
    torch.manual_seed(1)
    clock = Clock(device)
    peaks, copied = matmul_peaks(s, clock, device), copy_rate(s, clock, device)
    model, reference = Model(s), Model(s).requires_grad_(False)
    reference.load_state_dict(model.state_dict())
    if args.trains == 'lora':
        add_lora(model)
    model, reference = (m.to(device=device, dtype=dtype) for m in (model, reference))
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-6)
    side = s['vision'][5]
    ids = torch.randint(0, s['vocab'], (1, s['prompt']), device=device)
    pixels = torch.randn(1, s['frames'], 3, side, side, device=device, dtype=dtype)
    mel = torch.randn(1, s['sound'][4], s['mel'], device=device, dtype=dtype)
    rates = {rows: decode_rate(model, s, rows, clock, dtype, device) for rows in (1, s['group'])}
    steps = [grpo_step(model, reference, optimizer, (ids, pixels, mel), s, clock) for _ in range(max(2, args.steps))]
    step = sorted(steps[1:], key=lambda times: times['total'])[(len(steps) - 1) // 2]
    cuda = device.type == 'cuda'
    print(json.dumps({
        'device': torch.cuda.get_device_name() if cuda else 'cpu',
        'torch': torch.__version__,
        'dtype': args.dtype,
        'trains': args.trains,
        'trainedParameters': sum(p.numel() for p in trained),
        'sizes': {key: s[key] for key in ('prompt', 'completion', 'group', 'layers', 'hidden')},
        'matmulTflops': peaks,
        'copyGigabytes': copied,
        'decodeTokensPerSecond': rates,
        'stepMs': step,
        'peakBytes': torch.cuda.max_memory_allocated() if cuda else None,
    }, indent=2))


main()
