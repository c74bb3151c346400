"""Writes training_steps.json: the losses of a hundred steps of resnet18 from the same weights on the same pictures, in float32.

Made with PyTorch 2.15 and torchvision 0.29; needed only to make the numbers anew.
"""

import json
import sys
from math import prod
from pathlib import Path

import torch
import torch.nn.functional as F
from torchvision.models import resnet18

STEPS, SIZE, CLASSES, RATE = 100, [16, 3, 64, 64], 5, 5e-5


def hashed(shape, seed):
    """Numbers in -1...1 without any order, that TrainingStepsTests.swift makes, too: the finalizer of SplitMix64 (Steele et al., 2014)."""

    def shifted(x, bits):
        return (x >> bits) & ((1 << (64 - bits)) - 1)

    x = torch.arange(prod(shape)) + (seed << 32)
    x = (x ^ shifted(x, 30)) * (0xBF58476D1CE4E5B9 - (1 << 64))
    x = (x ^ shifted(x, 27)) * (0x94D049BB133111EB - (1 << 64))
    return ((shifted(x ^ shifted(x, 31), 40)).double() / (1 << 23) - 1).float().reshape(shape)


def parameter(name, shape, seed):
    if len(shape) > 1:
        return hashed(shape, seed) * (6 / prod(shape[1:])) ** 0.5
    return torch.ones(shape) if name.endswith("weight") or name.endswith("running_var") else torch.zeros(shape)


def batch(step):
    """Pictures of five patterns of 4x4 squares under noise."""
    labels = (torch.arange(SIZE[0]) * 3 + step) % CLASSES
    patterns = hashed([CLASSES, SIZE[1], 4, 4], 500)
    squares = patterns.repeat_interleave(SIZE[2] // 4, 2).repeat_interleave(SIZE[3] // 4, 3)
    return 0.2 * squares[labels] + hashed(SIZE, 1000 + step), labels


# At this rate PyTorch's own losses differ by 0.2 % in another layout; at ten times the rate by 8 %, for what is rounded grows from step to step.
def losses(format=torch.contiguous_format):
    module = resnet18(num_classes=CLASSES)
    state = {name: value for name, value in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    for seed, name in enumerate(sorted(state)):
        state[name] = parameter(name, list(state[name].shape), seed + 1)
    module.load_state_dict(state, strict=False)
    module.to(memory_format=format).train()
    optimizer = torch.optim.SGD(module.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    found = []
    for step in range(STEPS):
        image, label = batch(step)
        loss = F.cross_entropy(module(image.contiguous(memory_format=format)), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


if __name__ == "__main__":
    found = losses()
    if "--compare" in sys.argv:
        other = losses(torch.channels_last)
        print("in another layout PyTorch's own losses differ by", max(abs(a / b - 1) for a, b in zip(other, found)))
        print(found[::10])
    result = dict(size=SIZE, classes=CLASSES, rate=RATE, losses=found)
    Path(__file__).with_suffix(".json").write_text(json.dumps(result) + "\n")
