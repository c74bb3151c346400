#!/usr/bin/env python3
"""Writes a network for all engines: NAME.safetensors, NAME.onnx, NAME.input.npy, and NAME.reference.npy, its result in fp64.

  export.py NAME FOLDER      runs under the peers' interpreter; needs torch, torchvision, onnx and safetensors
"""
import os
import sys
import warnings

import numpy
import torch
from safetensors.torch import save_file

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import networks  # noqa: E402


def export(name, folder):
    model = networks.with_weights(name)
    pictures = networks.images(name, networks.IMAGES)
    with torch.no_grad():
        reference = model.double()(pictures.double())
    model.float()
    stem = os.path.join(folder, name)
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, stem + ".safetensors")
    # The normalizations stay nodes of their own: each engine folds them as it knows best, and training needs them.
    torch.onnx.export(
        model, (pictures,), stem + ".onnx", dynamo=False, opset_version=17, input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}}, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    numpy.save(stem + ".input.npy", pictures.numpy())
    # Last: whoever finds it finds the others.
    numpy.save(stem + ".reference.npy", reference.numpy())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    export(sys.argv[1], sys.argv[2])
