#!/usr/bin/env python3
"""One engine with one network, measured whenever it is asked; runs under the peers' interpreter.

  worker.py '{"engine": …, "network": …, "folder": …, "batch": …, "threads": …, "train": …}'

Prints one JSON object when the engine is ready, then one for every line {"runs": …, "seconds": …} on standard input.
"""
import json
import os
import resource
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def measure(run, runs, seconds):
    """Milliseconds of at least so many runs that take at least so many seconds, after a warm-up as long as Braid's."""
    end = time.perf_counter() + min(0.3, seconds / 4)
    while True:
        run()
        if time.perf_counter() >= end:
            break
    times, start = [], time.perf_counter()
    while len(times) < runs or time.perf_counter() - start < seconds:
        began = time.perf_counter()
        run()
        times.append((time.perf_counter() - began) * 1e3)
    times.sort()
    return {
        "median_ms": statistics.median(times), "min_ms": times[0], "p90_ms": times[(len(times) * 9 + 9) // 10 - 1], "runs": len(times),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main(job):
    # What engines print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    import numpy

    from benchmarks import engines
    stem = os.path.join(job["folder"], job["network"])
    images = numpy.load(f"{stem}.input.npy")
    images = numpy.ascontiguousarray(numpy.resize(images, (job["batch"], *images.shape[1:])))
    table = engines.TRAINING if job["train"] else engines.INFERENCE
    began = time.perf_counter()
    run = table[job["engine"]](engines.Job(job["network"], job["folder"], images, job["threads"]))
    result = numpy.asarray(run()).astype(numpy.float64)
    ready = {"ready_ms": (time.perf_counter() - began) * 1e3, "version": engines.version_of(job["engine"])}
    if not job["train"]:
        reference = numpy.load(f"{stem}.reference.npy")[:job["batch"]]
        ready["error"] = float(numpy.abs(result[:len(reference)] - reference).max() / numpy.abs(reference).max())
    print(json.dumps(ready), file=answers)
    for line in sys.stdin:
        print(json.dumps(measure(run, **json.loads(line))), file=answers)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(json.loads(sys.argv[1]))
