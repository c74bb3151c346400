"""Results as tables: Markdown from records, one record a line of the tables."""
import math
import statistics


def median_ms(record, engine):
    """The median over the rounds of their medians; None where the engine was not measured."""
    rounds = record["engines"].get(engine, {}).get("rounds", [])
    return statistics.median(round["median_ms"] for round in rounds) if rounds else None


def ratio(record, engine):
    """How many times as long an engine takes as Braid, the median over the rounds: each compares neighbours in time."""
    own = record["engines"].get("braid", {}).get("rounds", [])
    other = record["engines"].get(engine, {}).get("rounds", [])
    pairs = [there["median_ms"] / here["median_ms"] for here, there in zip(own, other)]
    return statistics.median(pairs) if pairs else None


def is_rival(record, engine):
    """Whether an engine computes in the same precision, so that a ratio to it says who is faster."""
    return engine != "braid" and engine.endswith("bf16") == (record.get("precision", "f32") == "bf16")


def least_ratio(record):
    """The ratio to the fastest of the others."""
    ratios = [value for value in (ratio(record, engine) for engine in record["engines"] if is_rival(record, engine)) if value]
    return min(ratios) if ratios else None


def spread(record, engine):
    """The largest of the rounds' medians over the least, less one."""
    medians = [round["median_ms"] for round in record["engines"].get(engine, {}).get("rounds", [])]
    return max(medians) / min(medians) - 1 if medians else None


def peak_rss_mb(record, engine):
    rounds = record["engines"].get(engine, {}).get("rounds", [])
    return max(round["peak_rss_mb"] for round in rounds) if rounds else None


def error(record, engine):
    value = record["engines"].get(engine, {}).get("error")
    return "" if value is None else f"{value:.1e}"


def ready(record, engine):
    value = record["engines"].get(engine, {}).get("ready_ms")
    return number(value / 1e3, 2) if value else ""


def number(value, digits=3):
    """With about as many digits as matter."""
    if value is None:
        return ""
    return f"{value:.{max(0, digits - 1 - math.floor(math.log10(value)))}f}" if value > 0 else "0"


def table(header, rows):
    """Markdown; the first column is text, the others numbers."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def title(record):
    threads = record["threads"]
    precision = "" if record.get("precision", "f32") == "f32" else f", {record['precision']}"
    return f"{record['network']}{precision}, batch {record['batch']}, {threads} thread{'' if threads == 1 else 's'}"


def time_cell(record, engine):
    value = median_ms(record, engine)
    if value is None:
        return "failed" if "failed" in record["engines"].get(engine, {}) else ""
    beside = ratio(record, engine) if engine != "braid" else None
    return number(value) + (f" ({beside:.2f}x)" if beside else "")


def markdown(records):
    """The tables of all records, with what is needed to read them."""
    parts = []
    for is_training, kind in ((False, "Inference"), (True, "Training steps")):
        chosen = [record for record in records if record["train"] == is_training]
        if chosen:
            parts.append(f"## {kind}\n\n" + section(chosen))
    return "\n".join(parts)


def section(records):
    engines = []
    for record in records:
        engines += [engine for engine in record["engines"] if engine not in engines]
    rows = []
    for record in records:
        own, best, noise = median_ms(record, "braid"), least_ratio(record), spread(record, "braid")
        work = record["engines"].get("braid", {}).get("gflops")
        rows.append(
            [title(record)] + [time_cell(record, engine) for engine in engines]
            + [f"{best:.2f}x" if best else "", number(work / own * 1e3) if work and own else "",
               f"{noise * 100:.0f} %" if noise is not None else ""])
    text = "Milliseconds, the median over the rounds; in brackets how many times as long as Braid's.\n\n"
    text += table(["", *engines, "fastest other", "Braid, GFLOP/s", "Braid, spread"], rows)
    ratios = [value for value in map(least_ratio, records) if value]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        text += f"\nBeside the fastest other engine in the same precision: {mean:.2f}x in the geometric mean, {min(ratios):.2f}x at least.\n"
    text += "\nPeak resident memory of the process, MiB:\n\n"
    text += table(["", *engines], [[title(record)] + [number(peak_rss_mb(record, engine)) for engine in engines] for record in records])
    text += "\nFrom an engine that is not loaded to the first result, s; Braid's machine code comes from its cache:\n\n"
    text += table(["", *engines], [[title(record)] + [ready(record, engine) for engine in engines] for record in records])
    if any("error" in facts for record in records for facts in record["engines"].values()):
        text += "\nLargest difference from the result in fp64, over its largest number:\n\n"
        text += table(["", *engines], [[title(record)] + [error(record, engine) for engine in engines] for record in records])
    return text + "\n" + notes(records)


def notes(records):
    lines = []
    for machine in sorted({record["machine"] for record in records}):
        lines.append(f"- {machine}")
    versions = {engine: facts["version"] for record in records for engine, facts in record["engines"].items() if "version" in facts}
    lines.append("- " + ", ".join(f"{engine} {version}" for engine, version in versions.items()))
    lines += [f"- {text}" for text in sorted(set(map(settings, records)))]
    loads = [round.get("load_of_others") or 0 for record in records for facts in record["engines"].values() for round in facts.get("rounds", [])]
    if loads:
        lines.append(f"- other processes took {statistics.median(loads):.0%} of the cores meanwhile, the median; {max(loads):.0%} at most")
    failures = sorted({f"{engine}: {facts['failed']}" for record in records for engine, facts in record["engines"].items() if "failed" in facts})
    return "\n".join(lines + [f"- failed: {text}" for text in failures]) + "\n"


def settings(record):
    rounds = max((len(facts.get("rounds", [])) for facts in record["engines"].values()), default=0)
    return f"{rounds} round{'' if rounds == 1 else 's'} in turn, each of {record['seconds']:g} s and {record['runs']} run{'' if record['runs'] == 1 else 's'} or more"
