"""The page of the lessons: what stands between its markers follows from the results."""
import json
import re

# <!-- measured: LESSON/TABLE --> … <!-- end -->
MARKED = re.compile(r"(<!-- measured: (\S+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def markdown(entry):
    """A table, or the list of what was expected, with what came of it."""
    if "rows" in entry:
        def line(cells):
            return "| " + " | ".join(cells) + " |\n"

        marks = "|---|" + "--:|" * (len(entry["columns"]) - 1) + "\n"
        return line(entry["columns"]) + marks + "".join(map(line, entry["rows"]))
    return "".join(f"- {'seen' if claim['seen'] else '**not seen**'}: {claim['text']}\n" for claim in entry["claims"])


def render(page, results):
    """The page with all that has results written anew, and the names of markers that have none."""
    missing = []

    def replace(match):
        entry = results.get(match[2])
        if entry is None:
            missing.append(match[2])
            return match[0]
        return match[1] + markdown(entry) + match[4]

    return MARKED.sub(replace, page), missing


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def save(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
