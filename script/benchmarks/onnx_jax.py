"""Networks exported to ONNX as JAX functions; activations are channels last inside, as XLA likes them on CPUs."""
import jax
import jax.numpy as jnp
import numpy
import onnx
from jax import lax
from onnx import numpy_helper

IMAGE = (1, 2)


class JaxNetwork:
    """Calls give the logits and the statistics of normalizations, which a training step moves."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.input, self.output = graph.input[0].name, graph.output[0].name
        self.nodes = [
            (node.op_type, list(node.input), node.output[0], {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute})
            for node in graph.node]
        self.parameters, self.statistics = {}, []
        for kind, inputs, _, attributes in self.nodes:
            if kind == "Conv":
                self.keep(inputs[1], lambda weight: weight.transpose(2, 3, 1, 0))
                self.keep(*inputs[2:])
            elif kind == "Gemm":
                self.keep(inputs[1], lambda weight: weight.T if attributes.get("transB") else weight)
                self.keep(inputs[2])
            elif kind == "BatchNormalization":
                for name in inputs[1:5]:
                    self.keep(name)
                self.statistics += inputs[3:5]

    def keep(self, name=None, arranged=lambda array: array):
        """Makes a constant a parameter."""
        if name is not None:
            self.parameters[name] = numpy.ascontiguousarray(arranged(self.constants[name]))

    def __call__(self, parameters, images, is_training=False):
        values = {self.input: jnp.transpose(images, (0, 2, 3, 1))}
        moved = {}

        def value(name):
            return parameters[name] if name in parameters else values[name] if name in values else self.constants[name]

        for kind, inputs, output, attributes in self.nodes:
            if kind == "BatchNormalization":
                x, scale, shift, *statistics = map(value, inputs)
                if is_training:
                    batch = jnp.mean(x, (0, 1, 2)), jnp.var(x, (0, 1, 2))
                    moved.update({name: 0.9 * old + 0.1 * new for name, old, new in zip(inputs[3:5], statistics, batch)})
                    statistics = batch
                factor = scale * lax.rsqrt(statistics[1] + attributes.get("epsilon", 1e-5))
                values[output] = x * factor + (shift - statistics[0] * factor)
            elif kind == "Constant":
                values[output] = numpy_helper.to_array(attributes["value"])
            else:
                if kind not in OPERATIONS:
                    raise NotImplementedError(f"the ONNX operator {kind}")
                values[output] = OPERATIONS[kind](attributes, *map(value, inputs))
        return values[self.output], moved


def padding(attributes):
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    return [(top, bottom), (left, right)]


def convolution(attributes, x, weight, bias=None):
    result = lax.conv_general_dilated(
        x, weight, attributes.get("strides", (1, 1)), padding(attributes), rhs_dilation=attributes.get("dilations", (1, 1)),
        feature_group_count=attributes.get("group", 1), dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return result if bias is None else result + bias


def window(attributes, x, initial, combine):
    kernel, strides, pads = attributes["kernel_shape"], attributes.get("strides", (1, 1)), padding(attributes)
    if attributes.get("ceil_mode"):
        for axis in range(2):
            size = x.shape[1 + axis]
            count = -(-(size + sum(pads[axis]) - kernel[axis]) // strides[axis]) + 1
            # No window begins in the padding at the end.
            if (count - 1) * strides[axis] >= size + pads[axis][0]:
                count -= 1
            missing = (count - 1) * strides[axis] + kernel[axis] - size - sum(pads[axis])
            pads[axis] = (pads[axis][0], pads[axis][1] + max(0, missing))
    return lax.reduce_window(x, initial, combine, (1, *kernel, 1), (1, *strides, 1), ((0, 0), *pads, (0, 0)))


def average_pool(attributes, x):
    sums = window(attributes, x, 0.0, lax.add)
    if attributes.get("count_include_pad"):
        return sums / numpy.prod(attributes["kernel_shape"])
    return sums / window(attributes, jnp.ones((1, *x.shape[1:3], 1), x.dtype), 0.0, lax.add)


def flattened(_, x, *shape):
    return (jnp.transpose(x, (0, 3, 1, 2)) if x.ndim == 4 else x).reshape(x.shape[0], -1)


OPERATIONS = {
    "Conv": convolution,
    "Relu": lambda _, x: jnp.maximum(x, 0),
    "Add": lambda _, x, y: x + y,
    "MaxPool": lambda attributes, x: window(attributes, x, -jnp.inf, lax.max),
    "AveragePool": average_pool,
    "GlobalAveragePool": lambda _, x: jnp.mean(x, IMAGE, keepdims=True),
    "ReduceMean": lambda attributes, x, *axes: jnp.mean(x, IMAGE, keepdims=bool(attributes.get("keepdims", 1))),
    "Concat": lambda _, *parts: jnp.concatenate(parts, 3),
    "Flatten": flattened,
    "Reshape": flattened,
    "Gemm": lambda _, x, weight, bias: x @ weight + bias,
    "Identity": lambda _, x: x,
    "Dropout": lambda _, x, *rest: x,
}
