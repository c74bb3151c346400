"""Braid and the other engines as things that can be asked to run a while."""
import ctypes
import json
import os
import re
import signal
import subprocess
import tempfile

from benchmarks import arrays, module_of

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Which environment variable names the interpreter that an engine runs under; the others run under the first.
PEERS_PYTHON, JAX_PYTHON = "BRAID_PEERS_PYTHON", "BRAID_JAX_PYTHON"


class Failed(Exception):
    """An engine could not be measured; says why."""


def interpreter(engine):
    peers = os.environ.get(PEERS_PYTHON, "python3")
    return os.environ.get(JAX_PYTHON, peers) if engine == "jax" else peers


def is_there(engine):
    """Whether an engine's packages can be imported; None where they can, else why not."""
    module = module_of(engine)
    others = {"torch": ["torchvision", "safetensors.torch"], "jax": ["onnx"]}.get(module, [])
    needed = ["numpy", module, *others] + (["onnx"] if engine == "export" else [])
    code = "import importlib.util as u, sys; sys.exit(' '.join(m for m in sys.argv[1:] if not u.find_spec(m.split('.')[0])) or 0)"
    try:
        done = subprocess.run([interpreter(engine), "-c", code, *needed], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{interpreter(engine)} cannot be run ({error})"
    if done.returncode == 0:
        return None
    variable = JAX_PYTHON if engine == "jax" else PEERS_PYTHON
    return f"{interpreter(engine)} has no {', '.join(done.stderr.split())}; {variable} may name another interpreter"


def environment(threads):
    """What tells pools of threads their size before an engine is loaded."""
    sizes = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    return {**os.environ, **sizes, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}


def confine(cores):
    """Pins a new process, which ends with this one even where it stands still."""
    os.sched_setaffinity(0, cores)
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "no message"


class Peer:
    """Another engine, loaded once, in a process that stands still while others are measured."""

    def __init__(self, engine, network, folder, batch, threads, train, cores):
        job = {"engine": engine, "network": network, "folder": folder, "batch": batch, "threads": threads, "train": train}
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [interpreter(engine), os.path.join(HERE, "worker.py"), json.dumps(job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env=environment(threads), preexec_fn=lambda: confine(cores))
        self.facts = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            message = last_line(self.errors.read())
            self.close()
            raise Failed(message)
        self.process.send_signal(signal.SIGSTOP)
        return json.loads(line)

    def measure(self, runs, seconds):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps({"runs": runs, "seconds": seconds}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self.answer()

    def close(self):
        self.process.kill()
        self.process.wait()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self.errors.close()


class Braid:
    """Braid, a process a measurement; its machine code comes from the cache after the first."""

    def __init__(self, command, graphs, precision, network, folder, batch, threads, train, cores):
        self.batch, self.threads, self.train, self.cores = batch, threads, train, cores
        self.network, self.command = network, command
        # An earlier version, which knows f32 alone, is measured so, too.
        self.precision = [] if precision == "f32" else ["--precision", precision]
        self.file = graph_file(graphs, network)
        self.scratch = tempfile.TemporaryDirectory()
        stem = os.path.join(folder, network)
        self.given = []
        self.facts = {"version": self.run(["--version"]).split()[-1]}
        if os.path.exists(stem + ".reference.npy"):
            pictures = os.path.join(self.scratch.name, "input.npy")
            arrays.write(pictures, *arrays.repeated(*arrays.read(stem + ".input.npy"), batch))
            self.given = ["--weights", stem + ".safetensors", "--input", pictures]
            if not train:
                self.facts["error"] = self.error(stem + ".reference.npy")

    def run(self, arguments):
        done = subprocess.run(
            [self.command, *arguments], capture_output=True, text=True, preexec_fn=lambda: confine(self.cores))
        if done.returncode:
            raise Failed(last_line(done.stderr) if done.returncode > 0 else f"ended by signal {-done.returncode}")
        return done.stdout

    def error(self, reference):
        """What its result is off by, over the largest number of the reference."""
        where = self.scratch.name
        self.run(["run", self.file, "--network", self.network, "--threads", str(self.threads), *self.precision, *self.given, "--output-dir", where])
        return arrays.error(arrays.read(os.path.join(where, "logits.npy")), arrays.read(reference))

    def measure(self, runs, seconds):
        arguments = ["bench", self.file, "--network", self.network, "--batch", str(self.batch), "--threads", str(self.threads)]
        kind = ["--train"] if self.train else self.precision
        record = json.loads(self.run([*arguments, *kind, *self.given, "--runs", str(runs), "--seconds", str(seconds), "--json"]))
        self.facts["ready_ms"] = record["compile_ms"] + record["first_run_ms"]
        self.facts["gflops"] = record["macs"] * self.batch * (6e-9 if self.train else 2e-9)
        return {key: record[key] for key in ("median_ms", "min_ms", "p90_ms", "runs", "peak_rss_mb")}

    def close(self):
        self.scratch.cleanup()


def graph_file(folder, network):
    """The file under a folder that defines a network."""
    for directory, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(directory, name)
            if name.endswith(".braid"):
                with open(path, encoding="utf-8") as file:
                    if re.search(rf"^\s*network\s+{re.escape(network)}\b", file.read(), re.MULTILINE):
                        return path
    raise Failed(f"no file under {folder} defines the network {network}")
