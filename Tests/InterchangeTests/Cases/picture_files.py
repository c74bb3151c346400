#!/usr/bin/env python3
"""Writes picture_files.json: small picture files of every kind that is read, and what Pillow makes of them.

    python3 picture_files.py        # Pillow 13.0

Each has "what" it is, the "file" (base64), "width", "height" and "channels" (1 or 3), and the SHA-256 of the "pixels", row by row. With "turned" the
pixels are those of ImageOps.exif_transpose. Transparency is dropped. Samples of 16 bits, which Pillow cuts off or keeps, are rounded here.
"""
import base64
import hashlib
import io
import json
import os
import struct
import zlib

from PIL import Image, ImageOps

files = []


def add(what, data, picture=None, turned=False, pixels=None, extents=None):
    """A file with the pixels that Pillow gives, or those that are known."""
    if pixels is None:
        picture = picture or Image.open(io.BytesIO(data))
        if turned:
            picture = ImageOps.exif_transpose(picture)
        mode = "L" if picture.mode in ("1", "L", "LA") else "RGB"
        picture = picture.convert(mode)
        extents, pixels = (*picture.size, len(mode.replace("RGB", "123"))), picture.tobytes()
    files.append({
        "what": what, "file": base64.b64encode(data).decode(), "width": extents[0], "height": extents[1], "channels": extents[2],
        "pixels": hashlib.sha256(bytes(pixels)).hexdigest(), "turned": turned,
    })


# PNG, written here: Pillow writes neither all depths nor interlaced files.
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def packed(row, depth):
    if depth == 16:
        return b"".join(struct.pack(">H", value) for value in row)
    bits = "".join(f"{value:0{depth}b}" for value in row)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[place:place + 8], 2) for place in range(0, len(bits), 8))


def png(width, height, depth, kind, interlaced, transparent):
    channels, top = CHANNELS[kind], (1 << depth) - 1
    colours = min(top + 1, 40) if kind == 3 else top + 1
    samples = [[[(x * 977 + y * 3571 + c * 12289 + x * y * 53) % colours for c in range(channels)] for x in range(width)] for y in range(height)]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    raw = b""
    for left, upper, right, down in passes:
        rows = [[value for x in range(left, width, right) for value in samples[y][x]] for y in range(upper, height, down)]
        size = max(1, depth * channels // 8)
        before = bytes(len(packed(rows[0], depth))) if rows and rows[0] else b""
        for number, row in enumerate(rows):
            if not row:
                continue
            line = packed(row, depth)
            form = number % 3  # none, from the left, from above
            left_of = bytes(size) + line
            raw += bytes([form]) + bytes((byte - (left_of[i] if form == 1 else before[i] if form == 2 else 0)) & 255 for i, byte in enumerate(line))
            before = line
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced)))
    if kind == 3:
        data += chunk(b"PLTE", bytes((i * 37 + c * 101) % 256 for i in range(colours) for c in range(3)))
    if transparent:
        data += chunk(b"tRNS", bytes(i * 60 % 256 for i in range(min(colours, 5))) if kind == 3 else struct.pack(">H", 1) * (3 if kind == 2 else 1))
    data += chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    if depth < 16:
        return data, None
    kept = channels - 1 if kind in (4, 6) else channels
    return data, [(value * 255 + 32895) >> 16 for row in samples for pixel in row for value in pixel[:kept]]


NAMES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}
SIZES = [(17, 13), (3, 2), (2, 9), (8, 8), (5, 1), (1, 6), (9, 4)]
number = 0
for kind, depths in [(0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16])]:
    for depth in depths:
        for interlaced in [False, True]:
            for transparent in [False, True] if kind in (0, 2, 3) else [False]:
                for width, height in [(1, 1), SIZES[number % len(SIZES)]]:
                    data, known = png(width, height, depth, kind, interlaced, transparent)
                    what = f"PNG, {NAMES[kind]}, {depth} bits{', interlaced' if interlaced else ''}{', tRNS' if transparent else ''}, {width} x {height}"
                    add(what, data, pixels=known, extents=(width, height, 1 if kind in (0, 4) else 3))
                number += 1


# JPEG
def waves(mode, width, height):
    """Soft and sharp edges, colours that change slowly."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = bytes((x * (11 + 5 * c) + y * (7 + 3 * c) + 90 * (x * 3 // width) + 40 * c) % 256 for y in range(height) for x in range(width) for c in range(bands))
    return Image.frombytes(mode, (width, height), values)


def saved(picture, form, **options):
    target = io.BytesIO()
    picture.save(target, form, **options)
    return target.getvalue()


for mode in ["RGB", "L", "CMYK"]:
    for progressive in [False, True]:
        for size in [(17, 13), (1, 1)]:
            data = saved(waves(mode, *size), "JPEG", quality=80, progressive=progressive)
            add(f"JPEG, {mode}{', progressive' if progressive else ''}, {size[0]} x {size[1]}", data)
            if mode == "CMYK":
                place = data.index(b"Adobe") + 11  # the transform: 2 is YCCK
                data = data[:place] + b"\x02" + data[place + 1:]
                add(f"JPEG, YCCK{', progressive' if progressive else ''}, {size[0]} x {size[1]}", data)
for sampling in ["4:4:4", "4:2:2", "4:2:0", "4:1:1"]:
    for size in [(33, 18), (15, 17)]:
        add(f"JPEG, {sampling}, {size[0]} x {size[1]}", saved(waves("RGB", *size), "JPEG", quality=70, subsampling=sampling))
add("JPEG, markers to begin anew", saved(waves("RGB", 40, 24), "JPEG", quality=60, restart_marker_blocks=2))
add("JPEG, RGB as it is", saved(waves("RGB", 17, 13), "JPEG", quality=80, keep_rgb=True))
# A sampling that no writer makes: three columns of red for one of the others, whose blocks have the same tables. There are more than it takes.
data = saved(waves("RGB", 33, 18), "JPEG", quality=80, keep_rgb=True)
place = data.index(b"\xff\xc0") + 11
add("JPEG, sampled 3x1", data[:place] + b"\x31" + data[place + 1:])

# What a file says of how it lies.
for form, options in [("JPEG", {"quality": 80}), ("PNG", {}), ("WEBP", {"lossless": True})]:
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(waves("RGB", 6, 4), form, exif=exif, **options)
        add(f"{form}, orientation {orientation}", data, turned=True)
        if orientation == 6:
            add(f"{form}, orientation {orientation}, as it is stored", data)

# WebP
for size in [(17, 13), (1, 1), (40, 3)]:
    for mode in ["RGB", "RGBA"]:
        name = f"{'with alpha, ' if mode == 'RGBA' else ''}{size[0]} x {size[1]}"
        add(f"WebP, lossless, {name}", saved(waves(mode, *size), "WEBP", lossless=True, exact=True))
        add(f"WebP, lossy, {name}", saved(waves(mode, *size), "WEBP", quality=60))
add("WebP, grey", saved(waves("L", 9, 9), "WEBP", lossless=True))

# PNM; plain files are written here.
for mode, form in [("1", "PBM"), ("L", "PGM"), ("RGB", "PPM")]:
    for size in [(17, 13), (1, 1), (8, 2)]:
        picture = waves("L", *size).convert("1") if mode == "1" else waves(mode, *size)
        add(f"{form}, binary, {size[0]} x {size[1]}", saved(picture, "PPM"))
add("PBM, plain, no spaces", b"P1\n# bits\n5 2\n10110\n01001\n")
add("PBM, plain, spaces and comments", b"P1 #a\n 3 #b\n2\n1 0 1 #c\n0 1\t0 ")
for top in [1, 3, 10, 100, 255]:
    values = [(i * 7) % (top + 1) for i in range(12)]
    text = " ".join(str(value) for value in values)
    add(f"PGM, plain, to {top}", f"P2\n# grey\n4 3\n{top}\n{text}\n".encode())
    add(f"PPM, plain, to {top}", f"P3\n2 2 # colours\n{top}\n{text}".encode())
    add(f"PGM, binary, to {top}", b"P5 4 3 %d\n" % top + bytes(values))
    add(f"PPM, binary, to {top}", b"P6\r\n2\r\n2\r\n%d\n" % top + bytes(values))
for top in [256, 1023, 65535]:
    values = [(i * 4099 + 17) % (top + 1) for i in range(12)]
    scaled = [round(value / top * 255) for value in values]
    binary = b"".join(struct.pack(">H", value) for value in values)
    text = " ".join(str(value) for value in values).encode()
    add(f"PGM, binary, to {top}", b"P5 4 3 %d\n" % top + binary, pixels=scaled, extents=(4, 3, 1))
    add(f"PGM, plain, to {top}", b"P2 4 3 %d\n" % top + text, pixels=scaled, extents=(4, 3, 1))
    add(f"PPM, binary, to {top}", b"P6 2 2 %d\n" % top + binary)
    add(f"PPM, plain, to {top}", b"P3 2 2 %d\n" % top + text)

folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "picture_files.json"), "w") as target:
    target.write("[\n" + ",\n".join(json.dumps(file) for file in files) + "\n]\n")
