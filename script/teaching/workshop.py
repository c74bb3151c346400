"""Runs the command for the lessons, and reads what it leaves."""
import csv
import gzip
import json
import os
import statistics
import struct
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


class Failed(Exception):
    """Something did not run; the text is for the one who started the script."""


class Workshop:
    """Where lessons are made: the command, the data, a folder for what comes of it."""

    def __init__(self, braid, data, out, threads=None):
        self.braid, self.data, self.out = braid, data, out
        self.threads = ["--threads", str(threads)] if threads else []
        self.lesson = ""
        os.makedirs(out, exist_ok=True)

    def say(self, text):
        print(f"  {text}", file=sys.stderr, flush=True)

    def run(self, *arguments, may_fail=False):
        """The command's standard output, and its standard error; with `may_fail` exit status 1 is a result, too."""
        result = subprocess.run([self.braid, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        if result.returncode not in ((0, 1) if may_fail else (0,)):
            raise Failed(f"`braid {' '.join(arguments)}` ended with status {result.returncode}:\n{result.stderr.strip()}")
        return result

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)

    def path(self, name):
        return os.path.join(self.out, self.lesson, name)

    def network(self, name=None):
        return f"graphs/lessons/{self.lesson}.braid" + (f":{name}" if name else "")

    def data_set(self, name, count=None, held_out=2000):
        """What --data takes for `mnist` or `fashion-mnist`, fetched if need be; its first `count` pictures, where not all are wanted."""
        folder = os.path.join(self.data, name)
        if not os.path.isdir(folder):
            self.say(f"fetches {name}")
            self.run("data", "fetch", name, "--to", folder)
        if count is None:
            return f"mnist:{folder}"
        few = os.path.join(self.out, f"{name}-{count}")
        os.makedirs(few, exist_ok=True)
        for part, wanted in ("train", count), ("t10k", held_out):
            for kind, header, size in ("images-idx3-ubyte", 16, 784), ("labels-idx1-ubyte", 8, 1):
                content = self.contents(os.path.join(folder, f"{part}-{kind}"))
                with open(os.path.join(few, f"{part}-{kind}"), "wb") as file:
                    file.write(content[:4] + struct.pack(">I", wanted) + content[8:header + wanted * size])
        return f"mnist:{few}"

    @staticmethod
    def contents(path):
        """Of a file of a data set, compressed or not."""
        try:
            if os.path.exists(path + ".gz"):
                with gzip.open(path + ".gz") as file:
                    return file.read()
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            raise Failed(f"{path}: {error}") from error

    def train(self, network, data, *options, name=None, watch=False, fails=False):
        """Trains a network of the lesson's file anew; returns a `Training`."""
        stem = self.path(name or network)
        os.makedirs(os.path.dirname(stem), exist_ok=True)
        started = time.monotonic()
        # Every step is looked at where the training is to end by itself.
        watched = ["--watch", "gradients", *(["--watch-every", "1"] if fails else [])] if watch else []
        result = self.run(
            "train", self.network(network), "--data", data, "-o", stem, "--quiet", *watched, *self.threads, *options, may_fail=fails)
        training = Training(stem, result.returncode == 0, result.stderr)
        reached = f"{100 * training.accuracy:.1f} %" if training.epochs else training.message
        self.say(f"{name or network}: {reached}, {time.monotonic() - started:.0f} s")
        return training

    def lint(self, network=None, *options):
        """What `braid lint` says of a network: the rules that found something, and the gradients that it predicts."""
        found = self.json("lint", self.network(network), *options)["files"][0]
        rules = {finding["rule"] for finding in found["findings"] if finding["severity"] == "warning"}
        notes = {finding["rule"] for finding in found["findings"] if finding["severity"] == "note"}
        return rules, notes, found["networks"][0]["layers"]

    def times(self, networks, *options, rounds=5):
        """How many times as long each network takes as the first: on one core, the networks in turn, the ratio of each round's fastest runs, and of
        these the median, so that a machine that is slower for a while spoils little."""
        found = {name: [] for name in networks}
        for _ in range(rounds):
            for name in networks:
                record = self.json("bench", self.network(name), "--seconds", "1", "--threads", "1", *options)
                found[name].append(record["min_ms"])
        first = found[next(iter(networks))]
        for name in networks:
            self.say(f"{name}: {', '.join(f'{value:.2f}' for value in found[name])} ms")
        return {name: statistics.median(value / other for value, other in zip(values, first)) for name, values in found.items()}


class Training:
    """What a training left behind."""

    def __init__(self, stem, is_finished, errors):
        self.stem, self.is_finished = stem, is_finished
        with open(stem + ".history.json", encoding="utf-8") as file:
            history = json.load(file)
        self.epochs = history["epochs"]
        lines = [line for line in errors.splitlines() if line.startswith("error: ")]
        self.message = lines[0].removeprefix("error: ") if lines else ""

    @property
    def accuracy(self):
        """The held-out accuracy behind the last epoch, from 0 to 1."""
        return self.epochs[-1]["held_out_metric"]

    @property
    def loss(self):
        return self.epochs[-1]["loss"]

    def rows(self, table):
        with open(f"{self.stem}.{table}.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def layers(self, step=None):
        """What was watched of the layers in the first step, or the last, or another."""
        rows = self.rows("layers")
        wanted = step or rows[-1]["step"]
        return [row for row in rows if row["step"] == str(wanted)]

    def steps_to(self, error, window=50):
        """The steps until the training's error over so many batches in a row is as low as that, or None."""
        total, accuracies = 0.0, [float(row["accuracy"]) for row in self.rows("steps")]
        for index, accuracy in enumerate(accuracies):
            total += accuracy - (accuracies[index - window] if index >= window else 0)
            if index + 1 >= window and total / window >= 1 - error - 1e-9:
                return index + 1
        return None
