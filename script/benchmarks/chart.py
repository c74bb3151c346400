"""Results as a picture: a row a line of the tables, a mark an engine, by how many times as long as Braid it takes."""
import html
import math

from benchmarks import report

# Okabe and Ito's colours, which people with colour blindness tell apart, each with a shape of its own.
MARKS = {
    "onnxruntime": ("#0072b2", "square"), "openvino": ("#d55e00", "circle"), "openvino-bf16": ("#e69f00", "ring"),
    "torch-compile": ("#009e73", "diamond"), "torch-channels-last": ("#56b4e9", "diamond"), "torch": ("#999999", "diamond"),
    "jax": ("#cc79a7", "triangle"), "torch-compile-bf16": ("#332288", "diamond")}
ROW, TOP, LEFT, WIDTH, RIGHT = 20, 64, 250, 560, 24
TICKS = (0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32)


def svg(records):
    """An SVG document; axes are logarithmic, so that twice as fast and half as fast lie equally far from the line at 1."""
    engines = [engine for engine in MARKS if any(report.ratio(record, engine) for record in records)]
    ratios = [value for record in records for value in (report.ratio(record, engine) for engine in engines) if value]
    low, high = min([0.9, *ratios]) / 1.05, max([2, *ratios]) * 1.05

    def x(value):
        return LEFT + WIDTH * math.log(value / low) / math.log(high / low)

    bottom = TOP + ROW * len(records)
    parts = [text(LEFT, 18, "Time per batch, as a multiple of Braid's (right of the line: Braid is faster)", weight="bold")]
    for number, engine in enumerate(engines):
        place = LEFT + 115 * number
        parts += [mark(engine, place + 5, 36), text(place + 14, 40, engine)]
    for tick in TICKS:
        if low <= tick <= high:
            shade, width = ("#000000", 1.5) if tick == 1 else ("#dddddd", 1)
            parts.append(f'<path d="M{x(tick):.1f} {TOP - 6}V{bottom}" stroke="{shade}" stroke-width="{width}"/>')
            parts.append(text(x(tick), bottom + 16, f"{tick:g}x", anchor="middle"))
    for number, record in enumerate(records):
        y = TOP + ROW * number + ROW / 2
        parts.append(text(LEFT - 10, y + 4, report.title(record) + (", training" if record["train"] else ""), anchor="end"))
        parts.append(f'<path d="M{LEFT} {y + ROW / 2:.1f}H{LEFT + WIDTH}" stroke="#eeeeee"/>')
        parts += [mark(engine, x(value), y) for engine in engines if (value := report.ratio(record, engine))]
    width, height = max(LEFT + WIDTH, LEFT + 115 * len(engines)) + RIGHT, bottom + 28
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="{width}" height="{height}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n")


def text(x, y, content, anchor="start", weight="normal"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{html.escape(content)}</text>'


def mark(engine, x, y):
    colour, shape = MARKS[engine]
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
    if shape == "ring":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="none" stroke="{colour}" stroke-width="2"/>'
    corners = {
        "square": [(-4, -4), (4, -4), (4, 4), (-4, 4)], "diamond": [(0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)],
        "triangle": [(0, -5), (5, 4), (-5, 4)]}[shape]
    points = " ".join(f"{x + across:.1f},{y + down:.1f}" for across, down in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'
