"""Writes networks.json: what small variants of the networks of graphs/ compute, and the gradients of a loss, in float64.

Made with PyTorch 2.15, torchvision 0.29 and timm 1.0; needed only to make the numbers anew. modules.py has what neither of these has.
"""

import json
from math import prod
from pathlib import Path

import torch
import torch.nn.functional as F
from timm.models.resnet import Bottleneck, ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3
from torchvision.models.shufflenetv2 import ShuffleNetV2
from torchvision.models.video.resnet import BasicBlock, BasicStem, Conv3DSimple, VideoResNet

import modules

torch.set_default_dtype(torch.float64)


def numbers(shape, seed):
    """The numbers in -1...1 that NetworkValueTests.swift makes, too; f32 has them, so that what it computes begins with the same."""
    i = torch.arange(1, prod(shape) + 1)
    return rounded((((i * 7919 + seed * 10473) % 10007 * (i + 31) % 10007).double() / 5003 - 1).reshape(shape))


def rounded(x):
    return x.float().double()


def parameter(name, shape, seed):
    x = numbers(shape, seed)
    if name.endswith("running_var"):
        return rounded(1 + 0.5 * x)
    if name.endswith("layer_scale"):
        return rounded(0.6 + 0.3 * x)
    if len(shape) == 1:
        return rounded(1 + 0.3 * x if name.endswith("weight") else 0.2 * x)
    return rounded(x * (4 / prod(shape[1:])) ** 0.5)


def case(module, inputs, loss, **description):
    state = {name: value for name, value in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    for seed, name in enumerate(sorted(state)):
        state[name] = parameter(name, list(state[name].shape), seed)
    module.load_state_dict(state, strict=False)
    given = [numbers(shape, 1000 + place) for place, shape in enumerate(inputs.values())]
    with torch.no_grad():
        result = module.eval()(*given)
    loss(module.train()(*given), numbers(result.shape, 2000)).backward()
    gradients = {name: [(p.grad * numbers(p.shape, 3000)).sum().item(), p.grad.norm().item()] for name, p in module.named_parameters()}
    return dict(
        description, inputs=inputs, result=list(result.shape), values=result.flatten()[:: max(1, result.numel() // 30)].tolist(),
        largest=result.abs().max().item(), gradients=gradients)


def pictures(size, channels=3):
    return {"image": [2, channels, size, size]}


def per_pixel(scores, mask):
    return -(mask * F.log_softmax(scores, 1)).sum(1).mean()


def pairs(score, same):
    return (F.softplus(score) - same * score).mean()


def genuine(real, label):
    return -(label * real.log() + (1 - label) * (1 - real).log()).mean()


def resnet(**arguments):
    """A narrow one: timm's stem alone has a width that cannot be given."""
    network = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=5, channels=(4, 8, 16, 32), **arguments)
    first = network.layer1[0]
    network.conv1, network.bn1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4)
    first.conv1, first.downsample[0] = nn.Conv2d(4, first.conv1.out_channels, 1, bias=False), nn.Conv2d(4, 16, 1, bias=False)
    return network


def video_resnet():
    """A narrow one: torchvision's has widths that cannot be given."""
    network = VideoResNet(BasicBlock, [Conv3DSimple] * 4, [1, 1, 1, 1], BasicStem, num_classes=5)
    network.stem[0], network.stem[1] = nn.Conv3d(3, 4, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), nn.BatchNorm3d(4)
    network.inplanes, network.fc = 4, nn.Linear(32, 5)
    for number, width in enumerate([4, 8, 16, 32], 1):
        setattr(network, f"layer{number}", network._make_layer(BasicBlock, Conv3DSimple, width, 1, min(number, 2)))
    return network


def exact(module):
    """PyTorch's own derivatives of these take a sixth in f32."""
    for name, child in module.named_children():
        if isinstance(child, nn.Hardswish):
            setattr(module, name, modules.HardSwish())
        elif isinstance(child, nn.Hardsigmoid):
            setattr(module, name, modules.HardSigmoid())
        else:
            exact(child)
    return module


efficientnet = [
    MBConvConfig(*row, width_mult=0.25, depth_mult=0.3)
    for row in [(1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3), (6, 5, 1, 80, 112, 3),
                (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1)]
]
mobilenet = [
    InvertedResidualConfig(*row, dilation=1, width_mult=1)
    for row in [(16, 3, 16, 16, True, "RE", 2), (16, 5, 24, 8, False, "HS", 2), (8, 3, 32, 8, True, "HS", 1)]
]
convnext = [CNBlockConfig(4, 8, 1), CNBlockConfig(8, 8, 1), CNBlockConfig(8, 12, 2), CNBlockConfig(12, None, 1)]
small_unit = "block small_unit(x, width, stride = 1) { x |> aggregated(width, stride, groups: 2, inner: width) }"

# A file, what is called there, PyTorch's module, the size of its pictures, or the whole shape of its input.
calls = [
    ("resnext", "residual_network(small_unit, [1, 1, 1, 1], 5, width: 4)", resnet(cardinality=2, base_width=32), 64),
    ("seresnet", "residual_network(se_bottleneck, [1, 1, 1, 1], 5, width: 4)", resnet(block_args=dict(attn_layer="se")), 64),
    ("efficientnet", "efficient_network(5, width: 0.25, depth: 0.3, drop: 0.0)", EfficientNet(efficientnet, 0.0, 0.0, 5), 64),
    ("mobilenet_v3", "mobile_network([(3, 16, 16, true, 2), (5, 24, 8, false, 2), (3, 32, 8, true, 1)], 1, 12, 5, drop: 0.0)",
     exact(MobileNetV3(mobilenet, 12, 5, dropout=0.0)), 64),
    # With all of its units, 48 normalizations behind each other, rounding to f32 moves gradients by up to 3e-4, PyTorch's as well.
    ("shufflenet_v2", "shuffle_network([8, 16, 24], 12, 5, depths: [2, 2, 2])", ShuffleNetV2([2, 2, 2], [24, 8, 16, 24, 12], 5), 128),
    ("convnext", "convnext_network([1, 1, 2, 1], [4, 8, 8, 12], 5)", ConvNeXt(convnext, 0.0, num_classes=5), 64),
    ("vit", "vision_transformer(8, 8, 2, 2, 5)",
     VisionTransformer(img_size=32, patch_size=8, embed_dim=8, depth=2, num_heads=2, num_classes=5), 32),
    ("m5", "sound_network(5, width: 4, stride: 4)", modules.M5(5, 4, 4), [2, 1, 1800]),
    ("r3d", "volume_network([1, 1, 1, 1], 5, width: 4)", video_resnet(), [2, 3, 6, 24, 20]),
]
# A file, its network, the network's parameters, PyTorch's module, inputs, the recipe's target and loss.
networks = [
    ("unet", "unet", {"width": "2", "H": "32", "W": "32"}, modules.UNet(w=2), pictures(32), "mask", per_pixel),
    ("dcgan", "dcgan_generator", {"noise": "5", "width": "2"}, modules.Generator(5, 2), {"noise": [2, 5, 1, 1]}, None, F.mse_loss),
    ("dcgan", "dcgan_discriminator", {"width": "2"}, modules.Discriminator(2), {"picture": [2, 3, 64, 64]}, "genuine", genuine),
    ("espcn", "espcn", {"H": "9", "W": "9"}, modules.ESPCN(), pictures(9, 1), "original", F.mse_loss),
    ("siamese", "siamese", {"width": "2", "features": "8"}, modules.Siamese(2, 8), {"left": [2, 1, 105, 105], "right": [2, 1, 105, 105]},
     "same", pairs),
    ("fcn", "fcn8s", {"classes": "3", "width": "2", "features": "8", "drop": "0.0", "H": "32", "W": "32"}, modules.FCN8s(3, 2, 8), pictures(32),
     "mask", per_pixel),
    ("style_transfer", "style_transfer", {"width": "2", "H": "24", "W": "16"}, modules.TransformerNet(2), {"image": [2, 3, 24, 16]}, None,
     F.mse_loss),
]

if __name__ == "__main__":
    cases = [
        case(module, pictures(size) if isinstance(size, int) else {"image": size}, F.mse_loss, file=file, call=call, block=small_unit if "small_unit" in call else None)
        for file, call, module, size in calls
    ]
    cases += [
        case(module, inputs, loss, file=file, network=network, definitions=definitions, target=target)
        for file, network, definitions, module, inputs, target, loss in networks
    ]
    text = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")
