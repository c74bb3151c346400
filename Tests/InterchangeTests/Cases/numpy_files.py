"""Writes numpy_files.json: what numpy.load makes of array files in many spellings. Needs NumPy; run: python3 numpy_files.py

types: every spelling of a type that numpy.dtype takes, and its canonical one, for the element types that Braid knows.
files: array files of foreign writers in Base64, and what numpy.save makes of what numpy.load reads from them.
"""

import base64
import io
import json
import pathlib
import warnings

import numpy

warnings.simplefilter("ignore")
known = {"|b1", "|i1", "|u1"} | {order + code for order in "<>" for code in "i2 u2 i4 u4 i8 u8 f2 f4 f8".split()}
codes = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 ? b B h H i I l L q Q p P n N e f d".split()
names = """bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 half single double float int int_ uint
    byte ubyte short ushort intc uintc long ulong longlong ulonglong intp uintp""".split()

types = {}
for spelled in [order + code for order in ["", "<", ">", "=", "|"] for code in codes] + names:
    canonical = numpy.dtype(spelled).str
    assert canonical in known, spelled
    types[spelled] = canonical


def file(header, content, version=1, encoding="latin1"):
    text = header.encode(encoding)
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 if version == 1 else 4, "little") + text + content


def header(descr, order="False", shape="(1, 6)", form="{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n"):
    return form.format(descr, order, shape)


def numbers(code, count=6):
    return numpy.arange(count).astype(code).tobytes()


cube = numpy.arange(24).reshape(2, 3, 4)
written = {
    "one byte with an order (cnpy)": file(header("<u1"), numbers("u1")),
    "bool with an order (cnpy)": file(header("<b1"), b"\x00\x01\x00\x01\x01\x00"),
    "bool with other bytes": file(header("?"), b"\x00\x02\x00\xff\x01\x00"),
    "native": file(header("=f4"), numbers("<f4")),
    "no order": file(header("f4"), numbers("<f4")),
    "big-endian f4": file(header(">f4"), numbers(">f4")),
    "big-endian f8": file(header(">f8"), numbers(">f8")),
    "big-endian f2": file(header(">f2"), numbers(">f2")),
    "big-endian i8": file(header(">i8"), numbers(">i8")),
    "big-endian u2, Fortran": file(header(">u2", "True", "(2, 3, 4)"), cube.astype(">u2").tobytes("F")),
    "Python 2": file(header("<f4", shape="(1L, 6L)"), numbers("<f4")),
    "Python 2, one axis": file(header("<f4", shape="(6L,)"), numbers("<f4")),
    "Python 2, Unicode": file(header("<f4", form="{{u'descr': u'{}', u'fortran_order': {}, u'shape': {}}}"), numbers("<f4")),
    "double quotes": file(header("<f4", form='{{"descr": "{}", "fortran_order": {}, "shape": {}}}'), numbers("<f4")),
    "tight": file(header("<f4", shape="(1,6)", form="{{'shape':{2},'fortran_order':{1},'descr':'{0}'}}"), numbers("<f4")),
    "line breaks": file(header("<f4", form="\r\n{{'descr': '{}',\r\n\t'fortran_order': {}, 'shape': {},\r\n}}\x0c\r\n"), numbers("<f4")),
    "version 2": file(header("<f4"), numbers("<f4"), 2),
    "version 2, long": file(header("<f4") + " " * 2000, numbers("<f4"), 2),
    "version 3": file(header("<i4"), numbers("<i4"), 3, "utf8"),
    "version 3, big-endian, Fortran": file(header(">i4", "True", "(2, 3, 4)"), cube.astype(">i4").tobytes("F"), 3, "utf8"),
    "scalar": file(header(">f8", shape="()"), numbers(">f8", 2)[8:]),
    "empty": file(header(">f4", shape="(0, 3)"), b""),
    "Fortran vector": file(header("<f4", "True", "(6,)"), numbers("<f4")),
}

files = {}
for name, content in written.items():
    saved = io.BytesIO()
    # Braid writes little-endian numbers in C order.
    array = numpy.load(io.BytesIO(content))
    numpy.save(saved, numpy.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))).reshape(array.shape))
    files[name] = [base64.b64encode(content).decode(), base64.b64encode(saved.getvalue()).decode()]

text = json.dumps({"types": types, "files": files}, indent=0)
pathlib.Path(__file__).with_name("numpy_files.json").write_text(text + "\n")
