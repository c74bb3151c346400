"""Helpers of script/benchmark: Braid beside other engines, measured in turn."""

# What the engines import, to find out whether they are there; the others are PyTorch in several settings.
MODULES = {"onnxruntime": "onnxruntime", "openvino": "openvino", "openvino-bf16": "openvino", "jax": "jax"}


def module_of(engine):
    return MODULES.get(engine, "torch")
