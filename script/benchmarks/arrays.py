"""NumPy's files without NumPy."""
import array
import ast
import struct


def read(path):
    """The shape of a little-endian float array in C order, and its numbers."""
    with open(path, "rb") as file:
        content = file.read()
    if content[:6] != b"\x93NUMPY":
        raise ValueError(f"{path} is no .npy file")
    start, length = (10, struct.unpack("<H", content[8:10])[0]) if content[6] == 1 else (12, struct.unpack("<I", content[8:12])[0])
    header = ast.literal_eval(content[start:start + length].decode())
    code = {"<f4": "f", "<f8": "d"}.get(header["descr"])
    if code is None or header["fortran_order"]:
        raise ValueError(f"{path} holds {header['descr']} elements; expected <f4 or <f8 in C order")
    numbers = array.array(code)
    numbers.frombytes(content[start + length:])
    return header["shape"], numbers


def write(path, shape, numbers):
    """Writes an array of floats (code f)."""
    header = str({"descr": "<f4", "fortran_order": False, "shape": tuple(shape)})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        numbers.tofile(file)


def repeated(shape, numbers, count):
    """The images of a batch, from the first on and over again, until there are `count`."""
    size = len(numbers) // shape[0]
    times = -(-count // shape[0])
    return (count, *shape[1:]), (numbers * times)[:count * size]


def error(result, reference):
    """The largest difference over the largest reference, where the reference has as many images or more than are compared."""
    (shape, numbers), (wanted_shape, wanted) = result, reference
    if shape[1:] != wanted_shape[1:]:
        raise ValueError(f"results are {shape}, the reference is {wanted_shape}")
    count = min(len(numbers), len(wanted))
    return max(abs(numbers[i] - wanted[i]) for i in range(count)) / max(abs(wanted[i]) for i in range(count))
