"""Networks that neither torchvision nor timm has, with the names that they usually have; what networks.py makes its numbers with."""

import torch
import torch.nn.functional as F
from torch import nn


class HardSigmoid(nn.Module):
    def forward(self, x):
        return (x + 3).clamp(0, 6) / 6


class HardSwish(nn.Module):
    def forward(self, x):
        return x * (x + 3).clamp(0, 6) / 6


class DoubleConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inputs, outputs))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, inputs // 2, 2, stride=2)
        self.conv = DoubleConv(inputs, outputs)

    def forward(self, x, skip):
        return self.conv(torch.cat([skip, self.up(x)], 1))


class OutConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    """As in github.com/milesial/Pytorch-UNet, not bilinear."""

    def __init__(self, classes=2, w=64):
        super().__init__()
        self.inc = DoubleConv(3, w)
        self.down1, self.down2, self.down3, self.down4 = Down(w, 2 * w), Down(2 * w, 4 * w), Down(4 * w, 8 * w), Down(8 * w, 16 * w)
        self.up1, self.up2, self.up3, self.up4 = Up(16 * w, 8 * w), Up(8 * w, 4 * w), Up(4 * w, 2 * w), Up(2 * w, w)
        self.outc = OutConv(w, classes)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x = self.up1(self.down4(x4), x4)
        return self.outc(self.up4(self.up3(self.up2(x, x3), x2), x1))


class ShapeUnit(nn.Module):
    def __init__(self, channels, w, stride=1):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(channels, w, 3, stride, 1, bias=False), nn.BatchNorm2d(w)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class ShapeFeatures(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.first, self.down1, self.deep1 = ShapeUnit(1, w), ShapeUnit(w, 2 * w, 2), ShapeUnit(2 * w, 2 * w)
        self.down2, self.deep2 = ShapeUnit(2 * w, 4 * w, 2), ShapeUnit(4 * w, 4 * w)

    def forward(self, x):
        return self.deep2(self.down2(self.deep1(self.down1(self.first(x)))))


class ShapeAutoencoder(nn.Module):
    """As in graphs/shapes.braid."""

    def __init__(self, w, code):
        super().__init__()
        self.encoder, self.down3 = ShapeFeatures(w), ShapeUnit(4 * w, 4 * w, 2)
        self.code, self.fc = nn.Linear(4 * w * 16, code), nn.Linear(code, 4 * w * 16)
        self.up1, self.mix1 = nn.ConvTranspose2d(4 * w, 2 * w, 2, 2), ShapeUnit(2 * w, 2 * w)
        self.up2, self.mix2 = nn.ConvTranspose2d(2 * w, w, 2, 2), ShapeUnit(w, w)
        self.up3, self.mix3 = nn.ConvTranspose2d(w, w, 2, 2), ShapeUnit(w, w)
        self.out = nn.Conv2d(w, 1, 3, 1, 1)

    def forward(self, x):
        numbers = self.code(self.down3(self.encoder(x)).flatten(1))
        x = self.fc(numbers).unflatten(1, (-1, 4, 4))
        return self.out(self.mix3(self.up3(self.mix2(self.up2(self.mix1(self.up1(x)))))))


class Generator(nn.Module):
    """As in PyTorch's DCGAN tutorial."""

    def __init__(self, noise=100, w=64):
        super().__init__()
        layers = [nn.ConvTranspose2d(noise, 8 * w, 4, 1, 0, bias=False), nn.BatchNorm2d(8 * w), nn.ReLU()]
        for factor in [4, 2, 1]:
            layers += [nn.ConvTranspose2d(2 * factor * w, factor * w, 4, 2, 1, bias=False), nn.BatchNorm2d(factor * w), nn.ReLU()]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(w, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class Discriminator(nn.Module):
    """As in PyTorch's DCGAN tutorial."""

    def __init__(self, w=64):
        super().__init__()
        layers = [nn.Conv2d(3, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for factor in [1, 2, 4]:
            layers += [nn.Conv2d(factor * w, 2 * factor * w, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * factor * w), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*layers, nn.Conv2d(8 * w, 1, 4, 1, 0, bias=False), nn.Sigmoid())

    def forward(self, x):
        return self.main(x)


class ESPCN(nn.Module):
    def __init__(self, factor=3):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 64, 5, padding=2), nn.Conv2d(64, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, factor * factor, 3, padding=1)
        self.factor = factor

    def forward(self, x):
        return F.pixel_shuffle(self.conv3(torch.tanh(self.conv2(torch.tanh(self.conv1(x))))), self.factor)


class Tower(nn.Module):
    def __init__(self, w, features):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, w, 10), nn.Conv2d(w, 2 * w, 7)
        self.conv3, self.conv4 = nn.Conv2d(2 * w, 2 * w, 4), nn.Conv2d(2 * w, 4 * w, 4)
        self.fc = nn.Linear(4 * w * 6 * 6, features)

    def forward(self, x):
        for conv in [self.conv1, self.conv2, self.conv3]:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        return torch.sigmoid(self.fc(F.relu(self.conv4(x)).flatten(1)))


class Siamese(nn.Module):
    """Koch et al. 2015: 38,951,745 parameters."""

    def __init__(self, w=64, features=4096):
        super().__init__()
        self.tower = Tower(w, features)
        self.out = nn.Linear(features, 1)

    def forward(self, left, right):
        return self.out((self.tower(left) - self.tower(right)).abs())


class FCN8s(nn.Module):
    """As in github.com/wkentaro/pytorch-fcn, without dropout."""

    def __init__(self, classes=21, w=64, features=4096):
        super().__init__()
        inputs = 3
        self.stages = [(w, 2), (2 * w, 2), (4 * w, 3), (8 * w, 3), (8 * w, 3)]
        for number, (outputs, count) in enumerate(self.stages, 1):
            for i in range(1, count + 1):
                setattr(self, f"conv{number}_{i}", nn.Conv2d(inputs, outputs, 3, padding=100 if (number, i) == (1, 1) else 1))
                inputs = outputs
        self.fc6, self.fc7 = nn.Conv2d(8 * w, features, 7), nn.Conv2d(features, features, 1)
        self.score_fr = nn.Conv2d(features, classes, 1)
        self.score_pool3, self.score_pool4 = nn.Conv2d(4 * w, classes, 1), nn.Conv2d(8 * w, classes, 1)
        self.upscore2 = nn.ConvTranspose2d(classes, classes, 4, 2, bias=False)
        self.upscore_pool4 = nn.ConvTranspose2d(classes, classes, 4, 2, bias=False)
        self.upscore8 = nn.ConvTranspose2d(classes, classes, 16, 8, bias=False)

    def forward(self, image):
        def cropped(x, other, border):
            return x[:, :, border : border + other.shape[2], border : border + other.shape[3]]

        x, pools = image, {}
        for number, (_, count) in enumerate(self.stages, 1):
            for i in range(1, count + 1):
                x = F.relu(getattr(self, f"conv{number}_{i}")(x))
            x = pools[number] = F.max_pool2d(x, 2, ceil_mode=True)
        x = self.upscore2(self.score_fr(F.relu(self.fc7(F.relu(self.fc6(x))))))
        x = self.upscore_pool4(x + cropped(self.score_pool4(pools[4]), x, 5))
        return cropped(self.upscore8(x + cropped(self.score_pool3(pools[3]), x, 9)), image, 31)


class ConvLayer(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.reflection_pad = nn.ReflectionPad2d(kernel // 2)
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, x):
        return self.conv2d(self.reflection_pad(x))


class StyleUnit(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.conv1, self.in1 = ConvLayer(w, w, 3), nn.InstanceNorm2d(w, affine=True)
        self.conv2, self.in2 = ConvLayer(w, w, 3), nn.InstanceNorm2d(w, affine=True)

    def forward(self, x):
        return x + self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))


class TransformerNet(nn.Module):
    """As in fast_neural_style of github.com/pytorch/examples: 1,679,235 parameters."""

    def __init__(self, w=32):
        super().__init__()
        for number, (inputs, outputs, kernel, stride) in enumerate([(3, w, 9, 1), (w, 2 * w, 3, 2), (2 * w, 4 * w, 3, 2)], 1):
            setattr(self, f"conv{number}", ConvLayer(inputs, outputs, kernel, stride))
            setattr(self, f"in{number}", nn.InstanceNorm2d(outputs, affine=True))
        for number in range(1, 6):
            setattr(self, f"res{number}", StyleUnit(4 * w))
        self.deconv1, self.in4 = ConvLayer(4 * w, 2 * w, 3), nn.InstanceNorm2d(2 * w, affine=True)
        self.deconv2, self.in5 = ConvLayer(2 * w, w, 3), nn.InstanceNorm2d(w, affine=True)
        self.deconv3 = ConvLayer(w, 3, 9)

    def forward(self, x):
        for number in range(1, 4):
            x = F.relu(getattr(self, f"in{number}")(getattr(self, f"conv{number}")(x)))
        for number in range(1, 6):
            x = getattr(self, f"res{number}")(x)
        x = F.relu(self.in4(self.deconv1(F.interpolate(x, scale_factor=2))))
        return self.deconv3(F.relu(self.in5(self.deconv2(F.interpolate(x, scale_factor=2)))))


class M5(nn.Module):
    """As in PyTorch's tutorial on the recognition of spoken commands, without its last logarithm."""

    def __init__(self, classes=35, w=32, stride=16):
        super().__init__()
        for number, (inputs, outputs, kernel, step) in enumerate([(1, w, 80, stride), (w, w, 3, 1), (w, 2 * w, 3, 1), (2 * w, 2 * w, 3, 1)], 1):
            setattr(self, f"conv{number}", nn.Conv1d(inputs, outputs, kernel, step))
            setattr(self, f"bn{number}", nn.BatchNorm1d(outputs))
        self.fc1 = nn.Linear(2 * w, classes)

    def forward(self, x):
        for number in range(1, 5):
            x = F.max_pool1d(F.relu(getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x))), 4)
        return self.fc1(x.mean(2))
