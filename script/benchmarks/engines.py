"""The other engines, each set up as its makers recommend for this use. Runs under the peers' interpreter, one engine a process.

An engine is a function of a `Job` that returns `run`, one prediction or training step; what `run` gives goes through `numpy.asarray`.
"""
import os
from dataclasses import dataclass

import numpy

from benchmarks import module_of

INFERENCE, TRAINING = {}, {}


@dataclass
class Job:
    """A network with its weights and inputs, and how it is to run."""
    name: str
    folder: str
    images: numpy.ndarray
    threads: int

    @property
    def stem(self):
        return os.path.join(self.folder, self.name)

    @property
    def labels(self):
        classes = 10 if self.name == "mnist_resnet" else 1000
        return numpy.random.default_rng(3).integers(0, classes, len(self.images))


def version_of(engine):
    return str(__import__(module_of(engine)).__version__).split("-")[0]


def engine(table, *names):
    """Lists a function under names; it is called with the name as well."""
    def enter(function):
        for name in names:
            table[name] = lambda job, name=name: function(job, name)
        return function
    return enter


# ---- Inference

@engine(INFERENCE, "onnxruntime")
def onnxruntime(job, _):
    import onnxruntime as runtime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = job.threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_free_dimension_override_by_name("N", len(job.images))
    session = runtime.InferenceSession(job.stem + ".onnx", options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"image": job.images})[0]


@engine(INFERENCE, "openvino", "openvino-bf16")
def openvino(job, name):
    import openvino
    core = openvino.Core()
    model = core.read_model(job.stem + ".onnx")
    model.reshape({"image": list(job.images.shape)})
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": job.threads,
        "INFERENCE_PRECISION_HINT": "bf16" if name.endswith("bf16") else "f32"})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(job.images))

    def run():
        request.infer()
        return request.get_output_tensor(0).data
    return run


def torch_model(job):
    """The network with the exported weights, and the input."""
    import torch
    from safetensors.torch import load_file

    from benchmarks import networks
    torch.set_num_threads(job.threads)
    model = networks.architecture(job.name)
    model.load_state_dict(load_file(job.stem + ".safetensors"))
    return model.eval(), torch.from_numpy(job.images)


def channels_last(model, images):
    import torch
    return model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)


@engine(INFERENCE, "torch", "torch-channels-last")
def torch_eager(job, name):
    import torch
    model, images = torch_model(job)
    if name.endswith("last"):
        model, images = channels_last(model, images)

    def run():
        with torch.inference_mode():
            return model(images)
    return run


@engine(INFERENCE, "torch-compile", "torch-compile-bf16")
def torch_compile(job, name):
    import torch
    import torch._inductor.config
    # Weights become constants, which oneDNN then has in its own layouts.
    torch._inductor.config.freezing = True
    model, images = channels_last(*torch_model(job))
    if name.endswith("bf16"):
        model, images = model.to(torch.bfloat16), images.to(torch.bfloat16)
    compiled = torch.compile(model, dynamic=False)

    def run():
        with torch.no_grad():
            return compiled(images).float()
    return run


@engine(INFERENCE, "jax")
def jax_inference(job, _):
    import jax

    from benchmarks.onnx_jax import JaxNetwork
    network = JaxNetwork(job.stem + ".onnx")
    parameters = jax.device_put(network.parameters)
    images = jax.device_put(job.images)
    predict = jax.jit(lambda parameters, images: network(parameters, images)[0])
    return lambda: predict(parameters, images).block_until_ready()


# ---- Training: forward in training mode, cross-entropy, backward, SGD with momentum

@engine(TRAINING, "torch", "torch-channels-last", "torch-compile")
def torch_training(job, name):
    import torch
    model, images = torch_model(job)
    model.train()
    if name.endswith("last"):
        model, images = channels_last(model, images)
    labels = torch.from_numpy(job.labels)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9, fused=True)

    def loss(images, labels):
        return torch.nn.functional.cross_entropy(model(images), labels)
    if name == "torch-compile":
        loss = torch.compile(loss, dynamic=False)

    def run():
        optimizer.zero_grad(set_to_none=True)
        result = loss(images, labels)
        result.backward()
        optimizer.step()
        return result.detach()
    return run


@engine(TRAINING, "jax")
def jax_training(job, _):
    import jax
    import jax.numpy as jnp

    from benchmarks.onnx_jax import JaxNetwork
    network = JaxNetwork(job.stem + ".onnx")
    images, labels = jax.device_put(job.images), jax.device_put(job.labels)

    def loss(weights, statistics):
        logits, statistics = network({**weights, **statistics}, images, is_training=True)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)), statistics

    def step(weights, statistics, momenta):
        (value, statistics), gradients = jax.value_and_grad(loss, has_aux=True)(weights, statistics)
        momenta = {key: 0.9 * momenta[key] + gradients[key] for key in weights}
        return {key: weights[key] - 1e-6 * momenta[key] for key in weights}, statistics, momenta, value

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    statistics = {key: network.parameters[key] for key in network.statistics}
    weights = {key: value for key, value in network.parameters.items() if key not in statistics}
    state = list(jax.device_put((weights, statistics, {key: numpy.zeros_like(value) for key, value in weights.items()})))

    def run():
        *state[:], value = compiled(*state)
        return value.block_until_ready()
    return run
