"""The networks in PyTorch, with weights from a fixed seed. Runs under the peers' interpreter; needs torch and torchvision."""
import torch
from torch import nn

SEED = 7
IMAGES = 2
SIZES = {"mnist_resnet": (1, 28, 28), "inception_v3": (3, 299, 299)}


def image_size(name):
    """Channels, height and width of an image."""
    return SIZES.get(name, (3, 224, 224))


class Basic(nn.Module):
    """Two 3x3 convolutions beside a shortcut, as graphs/mnist_resnet.braid has them."""

    def __init__(self, channels, width, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.down = None
        if stride != 1 or channels != width:
            self.down = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        main = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(main + (x if self.down is None else self.down(x)))


class MnistResnet(nn.Module):
    """The residual network for digits; parameters bear the names of graphs/mnist_resnet.braid."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 32, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(32)
        self.blocks = nn.Sequential(Basic(32, 32), Basic(32, 32), Basic(32, 64, 2), Basic(64, 64), Basic(64, 128, 2), Basic(128, 128))
        self.fc = nn.Linear(128, 10)

    def forward(self, x):
        features = self.blocks(torch.relu(self.bn(self.stem(x))))
        return self.fc(features.mean((2, 3)))


def architecture(name):
    """A network whose weights are still to be set."""
    if name == "mnist_resnet":
        return MnistResnet()
    import torchvision
    options = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        options.update(aux_logits=False, init_weights=False, transform_input=False)
    return getattr(torchvision.models, name)(**options)


def images(name, count, seed=SEED):
    """Normally distributed pictures."""
    return torch.randn((count, *image_size(name)), generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def with_weights(name):
    """The network with random weights under which activations keep their scale, in evaluation mode.

    Weights are He-normal; normalizations get random scales and shifts, and the statistics of a forward pass over random pictures.
    """
    model = architecture(name)
    random = torch.Generator().manual_seed(SEED + 1)
    norms = []
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.weight.normal_(0, (2 / module.weight[0].numel()) ** 0.5, generator=random)
            if module.bias is not None:
                module.bias.normal_(0, 0.1, generator=random)
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.uniform_(0.5, 1.2, generator=random)
            module.bias.normal_(0, 0.1, generator=random)
            norms.append(module)
    model.eval()
    if norms:
        for norm in norms:
            norm.momentum = 1.0
            norm.train()
        model(images(name, 8, SEED + 2))
        for norm in norms:
            norm.momentum = 0.1
    return model.eval()
