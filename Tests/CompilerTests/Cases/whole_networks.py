"""Writes whole_networks.json: the gradients of networks of graphs/ in their own widths, in float64, and how far off PyTorch's in float32 are.

Made with PyTorch 2.15 and torchvision 0.29; needed only to make the numbers anew. networks.py has what both share, and small variants.
"""

import copy
import json
from pathlib import Path
from statistics import mean

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import alexnet, googlenet, inception_v3, resnet18

import modules
from networks import numbers, parameter

CLASSES = 5


def labels(count):
    return torch.arange(count) * 3 % CLASSES


def gradients(module, image, loss):
    module.zero_grad()
    result = loss(module.train()(image), image)
    result.backward()
    return result.item(), {name: p.grad.double() for name, p in module.named_parameters()}


def errors(rounded, exact):
    """The median and the largest of the tensors' largest errors, each beside the tensor's largest element."""
    largest = max(g.abs().max().item() for g in exact.values())
    off = sorted(((rounded[name] - g).abs().max() / max(g.abs().max().item(), 1e-3 * largest)).item() for name, g in exact.items())
    return off[len(off) // 2], off[-1]


def case(file, network, definitions, module, loss, size, changes={}, pictures=1):
    """Dropout is left out; statistics of batch normalizations are those of the batch. `changes` are made to the text of the file. How far off
    float32 is depends, where kinks flip, on the pictures: it is the mean of so many, in both of PyTorch's layouts."""
    for child in module.modules():
        if isinstance(child, nn.Dropout):
            child.p = 0.0
    state = {name: value for name, value in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    for seed, name in enumerate(sorted(state)):
        state[name] = parameter(name, list(state[name].shape), seed)
    module.load_state_dict(state, strict=False)
    layouts = dict(contiguous=torch.contiguous_format, channels_last=torch.channels_last)
    singles = {name: copy.deepcopy(module).float().to(memory_format=layout) for name, layout in layouts.items()}
    found = {name: [] for name in layouts}
    for seed in range(1000, 1000 + pictures):
        image = numbers(size, seed)
        value, exact = gradients(module, image, loss)
        for name, layout in layouts.items():
            rounded = gradients(singles[name], image.float().contiguous(memory_format=layout), loss)[1]
            found[name].append(errors(rounded, exact))
        if seed == 1000:
            first = dict(
                loss=value, gradients={name: [(g * numbers(g.shape, 3000)).sum().item(), g.norm().item()] for name, g in exact.items()})
    return dict(
        first, file=file, network=network, definitions=definitions, changes=changes, size=size, pictures=pictures,
        single={name: dict(median=mean(e[0] for e in off), worst=mean(e[1] for e in off)) for name, off in found.items()})


def classes(smoothing=0.0, auxiliary=0.0):
    def loss(results, _):
        scores, *others = results if isinstance(results, tuple) else [results]
        value = F.cross_entropy(scores, labels(len(scores)), label_smoothing=smoothing)
        for other in others:
            value = value + auxiliary * F.cross_entropy(other, labels(len(scores)), label_smoothing=smoothing)
        return value

    return loss


def restored(result, image):
    return F.mse_loss(result, image)


size = [4, 3, 64, 64]
cases = [
    case("resnet", "resnet18", {"classes": "5"}, resnet18(num_classes=CLASSES), classes(), size),
    case("googlenet", "googlenet", {"classes": "5"}, googlenet(num_classes=CLASSES, aux_logits=True, init_weights=False),
         classes(auxiliary=0.3), size, pictures=25),
    case("inception_v3", "inception_v3", {"classes": "5"}, inception_v3(num_classes=CLASSES, aux_logits=False, init_weights=False),
         classes(0.1), [2, 3, 139, 139], {"inception_v3(auxiliary: true)": "inception_v3", " + 0.4 * cross_entropy(aux, label, smoothing: 0.1)": ""}, pictures=10),
    # The auxiliary classifier of inception_v3 takes pictures of 299x299 alone, which take the reference evaluator minutes.
    case("alexnet", "alexnet", {"classes": "5"}, alexnet(num_classes=CLASSES), classes(), [2, 3, 64, 64]),
    case("shapes", "shape_autoencoder", {}, modules.ShapeAutoencoder(16, 32), restored, [8, 1, 32, 32]),
]
text = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")
