"""Writes tiny_checkpoint.pth, a checkpoint of the network of `Workplace.tiny` as training scripts of PyTorch keep it, in half precision, and
tiny_checkpoint.npy, what it gives for an image of ones. Needs PyTorch; run: python3 tiny_checkpoint.py
"""

import collections
import pathlib

import numpy
import torch

here = pathlib.Path(__file__).parent
torch.manual_seed(1)
model = torch.nn.Sequential(
    collections.OrderedDict(
        first=torch.nn.Conv2d(1, 8, 5, stride=3, bias=False), norm=torch.nn.BatchNorm2d(8), relu=torch.nn.ReLU(), drop=torch.nn.Dropout(0.1),
        flatten=torch.nn.Flatten(), fc=torch.nn.Linear(512, 10),
    )
)
model(torch.randn(64, 1, 28, 28))
model.half().float().eval()
with torch.no_grad():
    numpy.save(here / "tiny_checkpoint.npy", model(torch.ones(1, 1, 28, 28)).numpy())
parallel = collections.OrderedDict((f"module.{name}", value) for name, value in model.half().state_dict().items())
torch.save({"epoch": 1, "state_dict": parallel, "best_acc1": torch.tensor(98.5)}, here / "tiny_checkpoint.pth")
