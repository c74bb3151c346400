"""Writes optimizers.json: the weights of a small network after five steps by each optimizer, in float64.

Groups of weights are those of `torch.optim`, one a weight.

Made with PyTorch 2 and timm (for TensorFlow's RMSprop); needed only to make the numbers anew. Lion, LARS and LAMB are their
papers' formulas.
"""

import json
import math
from pathlib import Path

import torch
from timm.optim.rmsprop_tf import RMSpropTF
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.nn.functional import batch_norm, conv2d, cross_entropy

torch.set_default_dtype(torch.float64)
RATES = [0.1, 0.2, 0.05, 0.1, 0.15] * 4


def wave(shape, frequency, scale):
    values = [scale * math.sin((i + 1) * frequency) for i in range(math.prod(shape))]
    return torch.tensor(values).reshape(shape)


def train(make, scale, decay=0.0, decays_vectors=True, clip=None, groups={}, average=None):
    image, label = wave((4, 1, 5, 5), 0.7, 1.0), torch.tensor([0, 2, 1, 0])
    w = {
        "conv.weight": wave((2, 1, 3, 3), 1.3, 0.4),
        "norm.weight": torch.tensor([1.0, 0.8]),
        "norm.bias": torch.tensor([0.1, -0.2]),
        "fc.weight": wave((3, 2), 2.1, 0.5),
        "fc.bias": wave((3,), 0.9, 0.3),
    }
    # What is different about single weights: (factor of the rate, decay).
    factors = {name: groups.get(name, (1, None))[0] for name in w}
    trained = {name: weight.requires_grad_(True) for name, weight in w.items() if factors[name] != 0}
    decays = {name: decay if weight.dim() > 1 or decays_vectors else 0.0 for name, weight in w.items()}
    decays |= {name: own for name, (_, own) in groups.items() if own is not None}
    optimizer = make([{"params": [weight], "weight_decay": decays[name]} for name, weight in trained.items()])
    averages = None
    for step, rate in enumerate(RATES):
        for group, name in zip(optimizer.param_groups, trained):
            group["lr"] = rate * scale * factors[name]
        x = conv2d(image, w["conv.weight"])
        x = batch_norm(x, torch.zeros(2), torch.ones(2), w["norm.weight"], w["norm.bias"], training=True, eps=1e-5)
        logits = torch.relu(x).mean(dim=(2, 3)) @ w["fc.weight"].T + w["fc.bias"]
        optimizer.zero_grad()
        cross_entropy(logits, label).backward()
        if clip and clip[0] == "norm":
            torch.nn.utils.clip_grad_norm_(trained.values(), clip[1])
        if clip and clip[0] == "value":
            torch.nn.utils.clip_grad_value_(trained.values(), clip[1])
        optimizer.step()
        if average:
            if averages is None:
                averages = {name: weight.detach().clone() for name, weight in trained.items()}
            else:
                decay = average[0] if not average[1] else min(average[0], (1 + step) / (10 + step))
                get_ema_multi_avg_fn(decay)(list(averages.values()), [weight.detach() for weight in trained.values()], step)
    result = {name: weight.detach().flatten().tolist() for name, weight in w.items()}
    return result | {f"{name}.moving_average": kept.flatten().tolist() for name, kept in (averages or {}).items()}


SGD, Adam, AdamW, RMSprop = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop

Adagrad, Adadelta = torch.optim.Adagrad, torch.optim.Adadelta


class Formula:
    """An optimizer as its paper has it: `change` moves a weight, given its gradient, rate and decay, and what is kept of it."""

    def __init__(self, groups, change):
        self.param_groups, self.change = groups, change
        self.state = {weight: {} for group in groups for weight in group["params"]}

    def zero_grad(self):
        for weight in self.state:
            weight.grad = None

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                self.change(w, w.grad, group["lr"], group["weight_decay"], self.state[w])


def lion(w, g, rate, decay, kept, beta1=0.9, beta2=0.99):
    m = kept.get("m", torch.zeros_like(w))
    w -= rate * (torch.sign(beta1 * m + (1 - beta1) * g) + decay * w)
    kept["m"] = beta2 * m + (1 - beta2) * g


def lars(w, g, rate, decay, kept, momentum=0.9, trust=1e-3):
    q = trust * w.norm() / (g.norm() + decay * w.norm())
    kept["m"] = momentum * kept.get("m", torch.zeros_like(w)) + rate * q * (g + decay * w)
    w -= kept["m"]


def lamb(w, g, rate, decay, kept, beta1=0.9, beta2=0.999, epsilon=1e-6):
    t = kept["t"] = kept.get("t", 0) + 1
    m = kept["m"] = beta1 * kept.get("m", torch.zeros_like(w)) + (1 - beta1) * g
    v = kept["v"] = beta2 * kept.get("v", torch.zeros_like(w)) + (1 - beta2) * g * g
    u = m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + epsilon) + decay * w
    w -= rate * w.norm() / u.norm() * u


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
    ("adam(amsgrad: true, weight_decay: 0.01)", 0.1, lambda g: Adam(g, lr=1, amsgrad=True), {"decay": 0.01}),
    ("adagrad(weight_decay: 0.01)", 0.1, lambda g: Adagrad(g, lr=1), {"decay": 0.01}),
    ("adagrad(epsilon: 1e-2)", 1, lambda g: Adagrad(g, lr=1, eps=1e-2), {"clip": ("norm", 0.05)}),
    ("adadelta(weight_decay: 0.1)", 10, lambda g: Adadelta(g, lr=1), {"decay": 0.1}),
    ("adadelta(rho: 0.8, epsilon: 1e-3)", 10, lambda g: Adadelta(g, lr=1, rho=0.8, eps=1e-3), {"clip": ("value", 0.01)}),
    ("lion(weight_decay: 0.2)", 0.01, lambda g: Formula(g, lion), {"decay": 0.2}),
    ("lars(weight_decay: 0.01)", 10, lambda g: Formula(g, lars), {"decay": 0.01}),
    ("lars(trust: 0.01, decay_vectors: false)", 1, lambda g: Formula(g, lambda *a: lars(*a, trust=0.01)), {}),
    ("lamb(weight_decay: 0.1, decay_vectors: false)", 0.1, lambda g: Formula(g, lamb), {"decay": 0.1, "decays_vectors": False}),
    ("rmsprop(alpha: 0.9, epsilon: 0.1, tensorflow: true)", 0.3, lambda g: RMSpropTF(g, lr=1, alpha=0.9, eps=0.1), {}),
]

# Clauses of groups, and the weights that each is about as (factor of the rate, decay): the last that matches counts.
GROUPS = (
    """group "*.bias", weight_decay: 0
    group "fc.*", rate: 0.1
    group "norm.w?ight", rate: 3, weight_decay: 0.3""",
    {"norm.bias": (1, 0.0), "fc.weight": (0.1, None), "fc.bias": (0.1, None), "norm.weight": (3, 0.3)},
)
# Frozen weights have no gradient, which the common norm does not count.
FROZEN = (
    """group "*", rate: 0.5, weight_decay: 0.01
    group "[cn]*", rate: 0
    group "norm.bias", weight_decay: 0.1""",
    {"conv.weight": (0, None), "norm.weight": (0, None), "norm.bias": (1, 0.1), "fc.weight": (0.5, 0.01), "fc.bias": (0.5, 0.01)},
)
CASES += [
    ("sgd(momentum: 0.9, weight_decay: 0.1)", 1, lambda g: SGD(g, lr=1, momentum=0.9), {"decay": 0.1, "groups": GROUPS}),
    ("sgd(momentum: 0.9, nesterov: true, weight_decay: 0.1, decay_vectors: false)", 1,
     lambda g: SGD(g, lr=1, momentum=0.9, nesterov=True), {"decay": 0.1, "decays_vectors": False, "groups": GROUPS}),
    ("sgd", 1, lambda g: SGD(g, lr=1), {"groups": FROZEN, "clip": ("norm", 0.05)}),
    ("adam(weight_decay: 0.05)", 0.1, lambda g: Adam(g, lr=1), {"decay": 0.05, "groups": FROZEN}),
    ("adamw(weight_decay: 0.2)", 0.1, lambda g: AdamW(g, lr=1), {"decay": 0.2, "groups": GROUPS}),
    ("rmsprop(alpha: 0.9, momentum: 0.9, weight_decay: 0.01)", 0.1, lambda g: RMSprop(g, lr=1, alpha=0.9, momentum=0.9),
     {"decay": 0.01, "groups": GROUPS}),
    ("rmsprop(alpha: 0.9, epsilon: 1.0, momentum: 0.9, weight_decay: 0.004, tensorflow: true)", 1,
     lambda g: RMSpropTF(g, lr=1, alpha=0.9, eps=1.0, momentum=0.9), {"decay": 0.004, "groups": GROUPS}),
    ("adagrad(weight_decay: 0.01)", 0.1, lambda g: Adagrad(g, lr=1), {"decay": 0.01, "groups": GROUPS}),
    ("adadelta(weight_decay: 0.1)", 10, lambda g: Adadelta(g, lr=1), {"decay": 0.1, "groups": GROUPS}),
    ("lion(weight_decay: 0.2)", 0.01, lambda g: Formula(g, lion), {"decay": 0.2, "groups": FROZEN}),
    ("lars(weight_decay: 0.01)", 10, lambda g: Formula(g, lars), {"decay": 0.01, "groups": GROUPS}),
    ("lamb(weight_decay: 0.1)", 0.1, lambda g: Formula(g, lamb), {"decay": 0.1, "groups": GROUPS}),
]
CASES += [
    ("sgd(momentum: 0.9, weight_decay: 0.1)", 1, lambda g: SGD(g, lr=1, momentum=0.9), {"decay": 0.1, "average": (0.8, False)}),
    ("adamw(weight_decay: 0.2)", 0.1, lambda g: AdamW(g, lr=1), {"decay": 0.2, "groups": FROZEN, "average": (0.6, True)}),
]

cases = []
for clause, scale, make, arguments in CASES:
    recipe = f"optimizer {clause}"
    if "clip" in arguments:
        recipe += "\n    clip {} {}".format(*arguments["clip"])
    if "groups" in arguments:
        recipe += "\n    " + arguments["groups"][0]
        arguments["groups"] = arguments["groups"][1]
    if "average" in arguments:
        recipe += "\n    average exponential(decay: {}, warmup: {})".format(*arguments["average"]).replace("T", "t").replace("F", "f")
    cases.append({"recipe": recipe, "scale": scale, "weights": train(make, scale, **arguments)})
Path(__file__).with_suffix(".json").write_text(json.dumps(cases, indent=1) + "\n")
