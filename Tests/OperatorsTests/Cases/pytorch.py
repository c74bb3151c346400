"""Writes pytorch.json: values and gradients of PyTorch's functions in float64, beside which PyTorchTests.swift holds the operators.

Operands are sine waves and gradients those of the result's sum weighted by cosines, as `wave` and `weighting` of the tests have them.
Made with PyTorch 2 and torchvision; needed only to make the numbers anew.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torchvision.ops import StochasticDepth, sigmoid_focal_loss

torch.set_default_dtype(torch.float64)
SLOPES = [(0.7, 0.2), (1.3, 0.5), (2.1, 0.1)]
CASES = []


def wave(extents, index):
    slope, start = SLOPES[index]
    return torch.tensor([math.sin(k * slope + start) for k in range(math.prod(extents))]).reshape(extents)


def case(operation, torch_name, extents, function, values=None, /, **attributes):
    """One use: `function` of the waves is PyTorch's. `values` says how operands are drawn: wave, positive (2 + wave), share (0.5 + 0.4 wave), a list of
    integers, or {"floats": a list}, to which no gradient flows."""
    values = values or ["wave"] * len(extents)
    operands = []
    for index, (shape, kind) in enumerate(zip(extents, values)):
        if kind == "wave":
            operands.append(wave(shape, index).requires_grad_(True))
        elif kind == "positive":
            operands.append((2 + wave(shape, index)).requires_grad_(True))
        elif kind == "share":
            operands.append((0.5 + 0.4 * wave(shape, index)).requires_grad_(True))
        elif isinstance(kind, dict):
            operands.append(torch.tensor(kind["floats"], dtype=torch.float64).reshape(shape))
        else:
            operands.append(torch.tensor(kind).reshape(shape))
    result = function(*operands).to(torch.float64)
    weighting = torch.tensor([math.cos(0.3 * k) for k in range(result.numel())]).reshape(result.shape)
    flowing = [operand for operand in operands if operand.is_floating_point()]
    gradients = [None] * len(flowing)
    if result.requires_grad:
        wanted = [operand for operand in flowing if operand.requires_grad]
        found = dict(zip(map(id, wanted), torch.autograd.grad((result * weighting).sum(), wanted, allow_unused=True)))
        gradients = [found.get(id(operand)) for operand in flowing]
    CASES.append({
        "operation": operation, "torch": torch_name, "extents": extents, "values": values, "attributes": attributes,
        "shape": list(result.shape), "value": result.detach().flatten().tolist(),
        "gradients": [[] if g is None else g.flatten().tolist() for g in gradients],
    })


def depth_to_space(x, r):
    n, c, h, w = x.shape
    return x.reshape(n, r, r, c // (r * r), h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // (r * r), h * r, w * r)


def views():
    case("permute", "permute", [[2, 3, 2, 4]], lambda x: x.permute(0, 2, 3, 1), axes=[0, 2, -1, 1])
    case("transpose", "transpose", [[2, 3, 4]], lambda x: x.transpose(1, -1), first=1, second=-1)
    case("reshape", "reshape", [[2, 3, 4]], lambda x: x.reshape(2, 6, 2), extents=[6, -1])
    case("reshape", "reshape", [[4, 6]], lambda x: x.reshape(2, -1, 3), extents=[2, -1, 3], whole=True)
    case("unflatten", "unflatten", [[2, 12]], lambda x: x.unflatten(1, (3, -1)), extents=[3, -1])
    case("squeeze", "squeeze", [[2, 1, 3, 1]], lambda x: x.squeeze(-1), axes=[-1])
    case("unsqueeze", "unsqueeze", [[2, 3]], lambda x: x.unsqueeze(1), axis=1)
    case("expand", "expand", [[2, 3, 1, 1]], lambda x: x.expand(-1, -1, 2, 3), extents=[-1, 2, 3])
    case("expand", "expand", [[2, 1, 4]], lambda x: x.expand(2, 3, 4), extents=[3, 4])
    case("stack", "stack", [[2, 3], [2, 3], [2, 3]], lambda *x: torch.stack(x, 1))
    case("stack", "stack", [[2, 3], [2, 3]], lambda *x: torch.stack(x, -1), axis=-1)
    case("slice", "x[:, 1:8:3]", [[2, 9, 2]], lambda x: x[:, 1:8:3], start=1, count=-1, step=3)
    case("slice", "x[..., 1:6:2]", [[2, 2, 7]], lambda x: x[..., 1:6:2], axis=-1, start=1, step=2, count=3)
    case("slice", "flip", [[2, 5]], lambda x: x.flip(1), start=-1, count=-1, step=-1)
    case("split", "split", [[2, 7]], lambda x: x.split(3, 1)[2], sizes=3, part=2)
    case("split", "split", [[2, 7]], lambda x: x.split((2, 4, 1), 1)[1], sizes=[2, 4, 1], part=1)
    case("chunk", "chunk", [[2, 7]], lambda x: x.chunk(3, 1)[1], count=3, part=1)
    case("flip", "flip", [[2, 3, 4]], lambda x: x.flip(1, 2), axes=[1, -1])
    case("channel_shuffle", "channel_shuffle", [[1, 6, 2, 2]], lambda x: F.channel_shuffle(x, 3), groups=3)
    case("pixel_shuffle", "pixel_shuffle", [[1, 8, 2, 3]], lambda x: F.pixel_shuffle(x, 2), factor=2)
    case("pixel_shuffle", "depth_to_space of TensorFlow", [[1, 8, 2, 3]], lambda x: depth_to_space(x, 2), factor=2, order="dcr")
    case("pixel_unshuffle", "pixel_unshuffle", [[1, 2, 4, 6]], lambda x: F.pixel_unshuffle(x, 2), factor=2)


def reductions():
    x = [[2, 3, 4]]
    case("sum", "sum", x, lambda x: x.sum())
    case("mean", "mean", x, lambda x: x.mean((0, 1, 2), keepdim=True), keep=True)
    case("norm", "linalg.vector_norm", x, lambda x: torch.linalg.vector_norm(x))
    case("variance", "var", x, lambda x: x.var())
    case("argmax", "argmax", x, lambda x: x.argmax())
    case("product", "prod", [[2, 4]], lambda x: x.prod())
    case("min", "amin", x, lambda x: x.amin((1, 2)), axes=[1, 2])
    case("min", "amin", [[2, 6]], lambda x: x.amin(1, keepdim=True), ["positive"], axes=[1], keep=True)
    case("max", "amax", x, lambda x: x.amax((1, 2)), axes=[1, 2])
    case("product", "prod", [[2, 7]], lambda x: x.prod(1), axes=[1])
    case("product", "prod", x, lambda x: x.prod(2, keepdim=True).prod(1, keepdim=True), axes=[1, 2], keep=True)
    case("norm", "linalg.vector_norm", x, lambda x: torch.linalg.vector_norm(x, 2, (1, 2)), axes=[1, 2])
    case("norm", "linalg.vector_norm", x, lambda x: torch.linalg.vector_norm(x, 1, 2), axes=[2], p=1)
    case("norm", "linalg.vector_norm", x, lambda x: torch.linalg.vector_norm(x, 3.5, 1), axes=[1], p=3.5)
    case("variance", "var", x, lambda x: x.var((0, 2)), axes=[0, 2])
    case("variance", "var", x, lambda x: x.var(-1, correction=0, keepdim=True), axes=[-1], correction=0, keep=True)
    case("standard_deviation", "std", x, lambda x: x.std((1, 2)), axes=[1, 2])
    case("log_sum_exp", "logsumexp", x, lambda x: x.logsumexp((1, 2)), axes=[1, 2])
    case("log_sum_exp", "logsumexp", x, lambda x: x.logsumexp(1, keepdim=True), axes=[1], keep=True)
    case("argmax", "argmax", x, lambda x: x.argmax(1), axes=[1])
    case("argmin", "argmin", x, lambda x: x.argmin(-1), axes=[-1])
    case("cumulative_sum", "cumsum", x, lambda x: x.cumsum(1))
    case("cumulative_sum", "flip, cumsum, flip", x, lambda x: x.flip(-1).cumsum(-1).flip(-1), axis=-1, reverse=True)
    case("top_k", "topk", x, lambda x: x.topk(2, -1)[0], count=2, axis=-1)
    case("top_k", "topk", x, lambda x: x.topk(3, 1, largest=False)[0], count=3, largest=False)
    case("top_k", "topk", x, lambda x: x.topk(2, 1)[1], count=2, part=1)
    positions = [0, 3, 2, 2, 1, 1, 0, 0, 3, 3, 3, 1]
    case("gather", "gather", [[2, 4, 3], [2, 2, 3]], lambda x, i: x.gather(1, i), ["wave", positions])
    case("gather", "index_select", [[2, 4, 3], [1, 2, 1]], lambda x, i: x.index_select(1, i.flatten()), ["wave", [3, 3]])
    case("softmax", "softmax", x, lambda x: x.softmax(-1), axis=-1)
    case("log_softmax", "log_softmax", x, lambda x: x.log_softmax(2), axis=2)


def elements():
    x = [[2, 3, 4], [2, 3, 4]]
    case("stochastic_depth", "StochasticDepth of torchvision, predicting", [[2, 3, 4]], StochasticDepth(0.5, "row").eval(), rate=0.5)
    for name, function in [("less", torch.lt), ("less_or_equal", torch.le), ("greater", torch.gt), ("greater_or_equal", torch.ge),
                           ("equal", torch.eq), ("not_equal", torch.ne)]:
        case(name, function.__name__, x, function)
        case(name, function.__name__, [[5], [5]], function, [[0, 1, 2, 2, 0], [2, 1, 0, 2, 0]])
    case("where", "where", [[2, 3], [2, 3], [2, 3]], lambda c, a, b: torch.where(c != 0, a, b), [[0, 1, 2, 0, 0, 1], "wave", "wave"])
    case("power", "pow", x, torch.pow, ["positive", "wave"])
    case("one_hot", "one_hot", [[2, 3]], lambda x: F.one_hot(x, 4), [[0, 3, 1, 1, 2, 0]], classes=4)


def padding():
    x = [[1, 2, 4, 5]]
    case("pad", "pad", x, lambda x: F.pad(x, (1, 3, 0, 2)), pad=[0, 1, 2, 3])
    case("pad", "pad", x, lambda x: F.pad(x, (-1, 2, -2, 1), value=0.5), pad=[-2, -1, 1, 2], value=0.5)
    case("pad", "pad", x, lambda x: F.pad(x, (4, 1, 3, 2), mode="reflect"), pad=[3, 4, 2, 1], mode="reflect")
    case("pad", "pad", x, lambda x: F.pad(x, (6, 0, 1, 2), mode="replicate"), pad=[1, 6, 2, 0], mode="replicate")
    case("pad", "pad", x, lambda x: F.pad(x, (5, 1, 2, 4), mode="circular"), pad=[2, 5, 4, 1], mode="circular")
    case("pad", "pad", [[2, 2, 4]], lambda x: F.pad(x, (1, 2)), pad=[1, 2])


def resizing():
    x = [[1, 2, 4, 3]]

    def resize(size=None, scale=None, mode="bilinear", torch_mode=None, corners=None, **attributes):
        aligned = {"align_corners": corners} if corners is not None else {}
        if corners:
            attributes["coordinates"] = "align_corners"
        if size is not None:
            attributes["size"] = size
        if scale is not None:
            attributes["scale"] = scale
        case("resize", f"interpolate, {torch_mode or mode}", x, lambda x: F.interpolate(
            x, size, scale, torch_mode or mode, antialias=attributes.get("antialias", False), **aligned), mode=mode, **attributes)

    resize((7, 2), mode="nearest")
    resize(scale=2.0, mode="nearest")
    resize(scale=1.6, mode="nearest")
    resize((6, 5), mode="nearest_exact", torch_mode="nearest-exact")
    resize((8, 6), corners=False)
    resize((3, 7), corners=False)
    resize((7, 5), corners=True)
    resize((2, 1), corners=True)
    resize(scale=1.6, corners=False)
    resize((8, 6), mode="bicubic", corners=False)
    resize((3, 7), mode="bicubic", corners=False)
    resize((7, 2), mode="bicubic", corners=True)
    resize((2, 5), corners=False, antialias=True)
    # Not to one column: PyTorch 2.15 then takes the tensor for one with channels last, and gives something else.
    resize((3, 2), mode="bicubic", corners=False, antialias=True)
    resize((3, 2), mode="area")


def pools():
    x = [[1, 2, 7, 5]]
    case("adaptive_max_pool", "adaptive_max_pool2d", x, lambda x: F.adaptive_max_pool2d(x, (5, 2)), size=[5, 2])
    case("adaptive_max_pool", "adaptive_max_pool2d", x, lambda x: F.adaptive_max_pool2d(x, (3, 7)), size=[3, 7])
    case("lp_pool", "lp_pool2d", x, lambda x: F.lp_pool2d(x, 2, 2, 1), kernel=2, stride=1)
    case("lp_pool", "lp_pool2d", x, lambda x: F.lp_pool2d(x.abs(), 3, (3, 2)), kernel=[3, 2], p=3)
    unpool = [[[1, 2, 2, 3]], [[1, 2, 2, 3]]]
    taps = [0, 1, 2, 3, 3, 2, 1, 0, 0, 2, 1, 3]

    def torch_unpool(x, taps):
        taps = taps.long()
        rows = torch.arange(2).reshape(1, 1, 2, 1) * 2 + taps // 2
        return F.max_unpool2d(x, rows * 6 + torch.arange(3).reshape(1, 1, 1, 3) * 2 + taps % 2, 2, output_size=(4, 6))

    case("max_unpool", "max_unpool2d", unpool[0] + unpool[1], torch_unpool, ["wave", {"floats": taps}], kernel=2, size=[4, 6])
    case("embedding", "embedding", [[2, 3], [4, 3]], lambda x, w: F.embedding(x, w), [[0, 3, 1, 1, 2, 0], "wave"], count=4, features=3)


def losses():
    both = [[2, 3, 4], [2, 3, 4]]
    case("mean_absolute_error", "l1_loss", both, F.l1_loss)
    case("mean_squared_error", "mse_loss", both, F.mse_loss)
    case("huber_loss", "huber_loss", both, F.huber_loss)
    case("huber_loss", "huber_loss", both, lambda x, t: F.huber_loss(x, t, delta=0.3), delta=0.3)
    case("binary_cross_entropy", "binary_cross_entropy_with_logits", both, F.binary_cross_entropy_with_logits)
    case("binary_cross_entropy", "binary_cross_entropy_with_logits", both, lambda x, t: F.binary_cross_entropy_with_logits(
        x, t, pos_weight=torch.tensor(2.5)), positive_weight=2.5)
    case("focal_loss", "torchvision.ops.sigmoid_focal_loss", [[2, 4], [2, 4]], lambda x, t: sigmoid_focal_loss(
        x, t, reduction="mean"), ["wave", "share"])
    case("focal_loss", "torchvision.ops.sigmoid_focal_loss", [[2, 4], [2, 4]], lambda x, t: sigmoid_focal_loss(
        x, t, 0.75, 1.3, "mean"), ["wave", "share"], alpha=0.75, gamma=1.3)

    labels = [2, 0, 1, 2, 2]
    weights = [0.5, 2.0, 1.25]

    def cross_entropy(shape, label, w=None, **attributes):
        if w is not None:
            attributes["class_weights"] = w
        ignored = attributes.get("ignored_label", -100)
        case("cross_entropy", "cross_entropy", [shape, [len(label)] if len(shape) == 2 else [shape[0], *shape[2:]]],
             lambda x, t: F.cross_entropy(x, t, w and torch.tensor(w), ignore_index=ignored,
                                          label_smoothing=attributes.get("smoothing", 0.0)), ["wave", label], **attributes)

    cross_entropy([5, 3], labels)
    cross_entropy([5, 3], labels, weights)
    cross_entropy([5, 3], labels, weights, smoothing=0.1)
    cross_entropy([5, 3], labels, ignored_label=2)
    cross_entropy([5, 3], [2, 0, 255, 1, 255], weights, ignored_label=255, smoothing=0.2)
    cross_entropy([2, 3, 2, 3], [0, 1, 2, 2, 1, 0, 1, 1, 0, 2, 0, 2])
    cross_entropy([2, 3, 2, 3], [0, 1, 9, 2, 1, 9, 1, 1, 0, 2, 0, 2], weights, ignored_label=9, smoothing=0.3)
    parts = [[4, 3], [4, 3]]
    case("cross_entropy", "cross_entropy, distributions", parts, lambda x, t: F.cross_entropy(
        x, t, label_smoothing=0.1), ["wave", "positive"], smoothing=0.1)
    case("cross_entropy", "cross_entropy, distributions", parts, lambda x, t: F.cross_entropy(
        x, t, torch.tensor(weights)), ["wave", "positive"], class_weights=weights)
    case("cross_entropy", "cross_entropy, distributions", [[2, 3, 2], [2, 3, 2]], F.cross_entropy, ["wave", "positive"])


def dice():
    """PyTorch has no Dice loss; this is the paper's formula."""
    def loss(p, t, smooth=1.0):
        both, total = (p * t).flatten(2).sum(2), (p + t).flatten(2).sum(2)
        return (1 - (2 * both + smooth) / (total + smooth)).mean()

    case("dice_loss", "its formula", [[2, 3, 2, 3], [2, 2, 3]], lambda x, t: loss(
        x, F.one_hot(t, 3).movedim(-1, 1)), ["positive", [0, 1, 2, 2, 1, 0, 1, 1, 0, 1, 0, 1]])
    case("dice_loss", "its formula", [[2, 3, 4], [2, 3, 4]], lambda x, t: loss(x, t, 0.5), ["positive", "positive"], smooth=0.5)


resizing()
pools()
views()
elements()
padding()
reductions()
losses()
dice()
text = ",\n".join(json.dumps(case) for case in CASES)
Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")
