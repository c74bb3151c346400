"""Writes optimizers.json: the weights of a small network after five steps by each optimizer, in float64.

Made with PyTorch 2 and timm (for TensorFlow's RMSprop); needed only to make the numbers anew.
"""

import json
import math
from pathlib import Path

import torch
from timm.optim.rmsprop_tf import RMSpropTF
from torch.nn.functional import batch_norm, conv2d, cross_entropy

torch.set_default_dtype(torch.float64)
RATES = [0.1, 0.2, 0.05, 0.1, 0.15]


def wave(shape, frequency, scale):
    values = [scale * math.sin((i + 1) * frequency) for i in range(math.prod(shape))]
    return torch.tensor(values).reshape(shape)


def train(make, scale, decay=0.0, decays_vectors=True, clip=None):
    image, label = wave((4, 1, 5, 5), 0.7, 1.0), torch.tensor([0, 2, 1, 0])
    w = {
        "conv.weight": wave((2, 1, 3, 3), 1.3, 0.4),
        "norm.weight": torch.tensor([1.0, 0.8]),
        "norm.bias": torch.tensor([0.1, -0.2]),
        "fc.weight": wave((3, 2), 2.1, 0.5),
        "fc.bias": wave((3,), 0.9, 0.3),
    }
    for weight in w.values():
        weight.requires_grad_(True)
    vectors = [weight for weight in w.values() if weight.dim() == 1]
    others = [weight for weight in w.values() if weight.dim() > 1]
    optimizer = make([
        {"params": others, "weight_decay": decay},
        {"params": vectors, "weight_decay": decay if decays_vectors else 0.0},
    ])
    for rate in RATES:
        for group in optimizer.param_groups:
            group["lr"] = rate * scale
        x = conv2d(image, w["conv.weight"])
        x = batch_norm(x, torch.zeros(2), torch.ones(2), w["norm.weight"], w["norm.bias"], training=True, eps=1e-5)
        logits = torch.relu(x).mean(dim=(2, 3)) @ w["fc.weight"].T + w["fc.bias"]
        optimizer.zero_grad()
        cross_entropy(logits, label).backward()
        if clip and clip[0] == "norm":
            torch.nn.utils.clip_grad_norm_(w.values(), clip[1])
        if clip and clip[0] == "value":
            torch.nn.utils.clip_grad_value_(w.values(), clip[1])
        optimizer.step()
    return {name: weight.detach().flatten().tolist() for name, weight in w.items()}


SGD, Adam, AdamW, RMSprop = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop

# The clause, what rates are multiplied by, the optimizer, and arguments of `train`.
CASES = [
    ("sgd(momentum: 0.9, dampening: 0.3, weight_decay: 0.01)", 1, lambda g: SGD(g, lr=1, momentum=0.9, dampening=0.3), {"decay": 0.01}),
    ("sgd(momentum: 0.9, nesterov: true, weight_decay: 0.1, decay_vectors: false)", 1,
     lambda g: SGD(g, lr=1, momentum=0.9, nesterov=True), {"decay": 0.1, "decays_vectors": False}),
    ("sgd(momentum: 0.9)", 1, lambda g: SGD(g, lr=1, momentum=0.9), {"clip": ("norm", 0.05)}),
    ("sgd(weight_decay: 0.1)", 1, lambda g: SGD(g, lr=1), {"decay": 0.1, "clip": ("value", 0.01)}),
    ("adam", 0.1, lambda g: Adam(g, lr=1), {}),
    ("adam(beta1: 0.8, beta2: 0.9, epsilon: 1e-3, weight_decay: 0.05)", 0.1,
     lambda g: Adam(g, lr=1, betas=(0.8, 0.9), eps=1e-3), {"decay": 0.05}),
    ("adam(epsilon: 1e-2)", 0.1, lambda g: Adam(g, lr=1, eps=1e-2), {"clip": ("norm", 0.05)}),
    ("adamw(weight_decay: 0.2)", 0.1, lambda g: AdamW(g, lr=1), {"decay": 0.2}),
    ("adamw(weight_decay: 0.2, decay_vectors: false)", 0.1, lambda g: AdamW(g, lr=1),
     {"decay": 0.2, "decays_vectors": False, "clip": ("value", 0.01)}),
    ("rmsprop", 0.1, lambda g: RMSprop(g, lr=1), {}),
    ("rmsprop(alpha: 0.9, momentum: 0.9, weight_decay: 0.01)", 0.1, lambda g: RMSprop(g, lr=1, alpha=0.9, momentum=0.9),
     {"decay": 0.01, "clip": ("value", 0.01)}),
    ("rmsprop(alpha: 0.8, epsilon: 1e-3, momentum: 0.5, centered: true)", 0.1,
     lambda g: RMSprop(g, lr=1, alpha=0.8, eps=1e-3, momentum=0.5, centered=True), {"clip": ("norm", 0.05)}),
    ("rmsprop(alpha: 0.9, epsilon: 1.0, momentum: 0.9, weight_decay: 0.004, tensorflow: true)", 1,
     lambda g: RMSpropTF(g, lr=1, alpha=0.9, eps=1.0, momentum=0.9), {"decay": 0.004}),
    ("rmsprop(alpha: 0.9, epsilon: 0.1, momentum: 0.9, centered: true, tensorflow: true)", 1,
     lambda g: RMSpropTF(g, lr=1, alpha=0.9, eps=0.1, momentum=0.9, centered=True), {}),
    ("rmsprop(alpha: 0.9, epsilon: 0.1, tensorflow: true)", 0.3, lambda g: RMSpropTF(g, lr=1, alpha=0.9, eps=0.1), {}),
]

cases = []
for clause, scale, make, arguments in CASES:
    recipe = f"optimizer {clause}"
    if "clip" in arguments:
        recipe += "\n    clip {} {}".format(*arguments["clip"])
    cases.append({"recipe": recipe, "scale": scale, "weights": train(make, scale, **arguments)})
Path(__file__).with_suffix(".json").write_text(json.dumps(cases, indent=1) + "\n")
