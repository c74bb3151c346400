"""Writes pytorch/*.pth, as torch.save makes them, pytorch_files.json: what is in them, and rounded_numbers.json: numbers as other types.

Needs PyTorch and NumPy; run: python3 pytorch_files.py

The JSON has, of each file, where its weights are found (null: the whole), and of each tensor the name, type, shape and values.
"""

import collections
import json
import pathlib

import numpy
import torch

here = pathlib.Path(__file__).parent
folder = here / "pytorch"
folder.mkdir(exist_ok=True)
for old in folder.glob("*"):
    old.unlink()
torch.manual_seed(0)
files = {}


def number(value):
    """Values that JSON lacks are texts."""
    if isinstance(value, bool) or isinstance(value, int):
        return int(value)
    return value if value == value and abs(value) != float("inf") else str(value)


def save(name, value, tensors, found=None, **options):
    torch.save(value, folder / name, **options)
    files[name] = {
        "found": found,
        "tensors": [
            {
                "name": key,
                "type": str(tensor.dtype).removeprefix("torch."),
                "shape": list(tensor.shape),
                "values": [number(value) for value in tensor.detach().to(torch.float64 if tensor.is_floating_point() else tensor.dtype)
                           .flatten().tolist()],
            }
            for key, tensor in tensors.items()
        ],
    }


def pair(name, value, tensors, found=None):
    """The same values in both forms of the file."""
    save(f"{name}.pth", value, tensors, found)
    save(f"{name}_legacy.pth", value, tensors, found, _use_new_zipfile_serialization=False)


model = torch.nn.Sequential(collections.OrderedDict(conv=torch.nn.Conv2d(1, 2, 3), bn=torch.nn.BatchNorm2d(2)))
state = model.state_dict()
pair("state_dict", state, state)
for protocol in (4, 5):
    save(f"protocol{protocol}.pth", state, state, pickle_protocol=protocol)
save("protocol4_legacy.pth", state, state, _use_new_zipfile_serialization=False, pickle_protocol=4)

# Every type of elements that there is both here and there, small and large values of each.
types = {}
for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
    values = [1.5, -2.0, 0.0, 448.0, float("nan")]
    types[str(dtype).removeprefix("torch.")] = torch.tensor(values).to(dtype)
# Of eight bits all values that there are.
for dtype in (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e8m0fnu):
    types[str(dtype).removeprefix("torch.")] = torch.arange(256).to(torch.uint8).view(dtype)
for dtype in (torch.int64, torch.int32, torch.int16, torch.int8):
    types[str(dtype).removeprefix("torch.")] = torch.tensor([torch.iinfo(dtype).min, -1, 0, torch.iinfo(dtype).max], dtype=dtype)
for dtype in (torch.uint8, torch.uint16, torch.uint32, torch.uint64):
    top = min(torch.iinfo(dtype).max, 2**53)
    types[str(dtype).removeprefix("torch.")] = torch.tensor([0, 1, top], dtype=torch.int64).to(dtype)
types["bool"] = torch.tensor([True, False, True])
save("types.pth", types, types)
old = {key: value for key, value in types.items() if not key.startswith(("float8", "uint16", "uint32", "uint64"))}
save("types_legacy.pth", old, old, _use_new_zipfile_serialization=False)

# Views: one storage for several tensors, offsets, strides, repeated and missing elements, no axes.
base = torch.arange(24, dtype=torch.float32)
views = collections.OrderedDict(
    whole=base.view(2, 3, 4), part=base[5:9], transposed=base.view(4, 6).t(), strided=base[1::5], permuted=base.view(2, 3, 4).permute(2, 0, 1),
    channels_last=base.view(1, 3, 2, 4).contiguous(memory_format=torch.channels_last), expanded=base[3:4].expand(2, 3), empty=base[:0].view(0, 3),
    scalar=base[7],
)
pair("views", views, views)

# What training scripts keep beside the weights.
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
model(torch.ones(1, 1, 4, 4)).sum().backward()
optimizer.step()
state = model.state_dict()
checkpoint = {
    "epoch": 3, "arch": "tiny", "state_dict": state, "best_acc1": torch.tensor(76.1), "optimizer": optimizer.state_dict(),
    "time": 1.5, "shape": torch.Size([1, 2]), "done": False, "nothing": None, "large": 2**70, "tags": {"a", "b"}, "bytes": b"\x00\x01",
    "device": torch.device("cpu"), "type": torch.float32, "score": numpy.float64(0.5), "complex": 1 + 2j,
}
pair("checkpoint", checkpoint, state, "state_dict")
save("nested.pth", {"model": {"state_dict": state}, "version": (1, 2)}, state, "model.state_dict")
save("only.pth", {"backbone": {"weight": base[:2]}, "epoch": 1}, {"weight": base[:2]}, "backbone")
save("several.pth", {"encoder": {"weight": base[:2]}, "decoder": {"layers": {0: base[2:4]}}, "epoch": 1},
     {"encoder.weight": base[:2], "decoder.layers.0": base[2:4]}, "*")
parameters = {"weight": torch.nn.Parameter(base[:4].view(2, 2)), "bias": torch.nn.Parameter(base[:2], requires_grad=False)}
pair("parameters", parameters, parameters)
kept = torch.nn.Parameter(base[:3])
kept.note = "an attribute"
save("attributes.pth", {"weight": kept}, {"weight": kept})

torch.serialization.set_crc32_options(False)
save("unchecked.pth", {"weight": base[:4]}, {"weight": base[:4]})
torch.serialization.set_crc32_options(True)

# What is refused.
for name, value in {
    "model": model,
    "quantized": {"weight": torch.quantize_per_tensor(base, 0.1, 0, torch.qint8)},
    "sparse": {"weight": torch.eye(3).to_sparse()},
    "complex": {"weight": torch.zeros(2, dtype=torch.complex64)},
    "tensor": base[:4].clone(),
    "list": [base[:4].clone()],
    "nothing": {"epoch": 3},
    "array": {"weight": numpy.zeros(2)},
}.items():
    torch.save(value, folder / f"refused_{name}.pth")

# Numbers as PyTorch rounds them: f64 as f32, f16 and bf16, ties and denormal numbers among them.
numbers = [1.0, -1.0, 0.1, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8 + 2**-40, 1 - 2**-9 - 2**-40, 2**-24, 2**-25,
           3 * 2**-26, 2**-25 + 2**-50, -(2**-14) * (1 - 2**-11), 65504.0, 65519.0, 1e-40, -1e-42, 2**-133 + 2**-150, 1e-300, 3.4e38, 0.0, -0.0,
           float("inf"), float("nan")]
source = torch.tensor(numbers, dtype=torch.float64)
rounded = {"numbers": [number(value) for value in numbers]}
for name, dtype in (("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16)):
    # By way of NumPy where there is such a type: PyTorch rounds f64 to f16 twice, by way of f32.
    if name == "f16":
        values = numpy.array(numbers).astype(numpy.float16).astype(numpy.float64)
    elif name == "bf16":
        # Rounded to odd first, so that the second rounding does no harm.
        single = source.float()
        exact = single.double() == source
        truncated = torch.where(single.double().abs() > source.abs(), torch.nextafter(single, torch.zeros_like(single)), single)
        odd = (truncated.view(torch.int32) | 1).view(torch.float32)
        values = torch.where(exact | source.isnan(), single, odd).bfloat16().double().numpy()
    else:
        values = source.float().double().numpy()
    rounded[name] = [number(float(value)) for value in values]

(here / "rounded_numbers.json").write_text(json.dumps(rounded, separators=(",", ":")) + "\n")
(here / "pytorch_files.json").write_text(json.dumps(files, separators=(",", ":")) + "\n")
print(sum(path.stat().st_size for path in folder.iterdir()), "bytes in", len(list(folder.iterdir())), "files")
