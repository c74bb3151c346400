"""Curves and points as a small SVG picture, for what no command draws."""
import html
import math

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 72, 24, 66, 48


def svg(title, series, across, up, dots=False):
    """An SVG document: `series` are (name, [(x, y)]), `across` and `up` what the axes are; `up` begins at 0."""
    points = [point for _, values in series for point in values]
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    top = max(y for _, y in points) * 1.05 or 1

    def place(point):
        return (LEFT + (point[0] - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - point[1] / top * (HEIGHT - TOP - BOTTOM))

    parts = [text(LEFT, 20, title, weight="bold"), text(LEFT, TOP - 8, up), text(WIDTH - RIGHT, HEIGHT - 10, across, "end")]
    for value in ticks(0, top):
        y = place((low, value))[1]
        parts += [f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>', text(LEFT - 8, y + 4, f"{value:g}", "end")]
    for value in ticks(low, high):
        parts.append(text(place((value, 0))[0], HEIGHT - BOTTOM + 18, f"{value:g}", "middle"))
    for number, (name, values) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, values))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        if dots:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in map(place, values)]
        if name:
            x = LEFT + 160 * number
            parts += [f'<path d="M{x} 38h18" stroke="{colour}" stroke-width="3"/>', text(x + 24, 42, name)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n")


def ticks(low, high):
    """Round numbers from one to the other."""
    rough = (high - low) / 6 or 1
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round((first + index) * step, 12) for index in range(int((high - first * step) / step + 1e-9) + 1)]


def text(x, y, content, anchor="start", weight="normal"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{html.escape(content)}</text>'
