"""Tests of the helpers that need nothing but Python: python3 -m unittest benchmarks.tests, from the folder script."""
import array
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from benchmarks import arrays, chart, load, report

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "benchmark")


def record(engines, train=False, **fields):
    return {"network": "net", "batch": 1, "threads": 2, "train": train, "seconds": 2, "runs": 5, "rounds": 3, "peers": [],
            "machine": "a machine", "engines": engines, **fields}


def measured(*medians, **facts):
    rounds = [{"median_ms": median, "peak_rss_mb": 10.0 * median, "load_of_others": 0.1} for median in medians]
    return {"rounds": rounds, "version": "1.0", **facts}


class ArraysTests(unittest.TestCase):
    def test_reads_what_it_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.npy")
            arrays.write(path, (2, 3), array.array("f", range(6)))
            self.assertEqual(arrays.read(path), ((2, 3), array.array("f", range(6))))
            self.assertEqual(os.path.getsize(path) % 64, 24)

    def test_refuses_other_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.npy")
            with open(path, "wb") as file:
                file.write(b"\x93NUMPY\x01\x00\x3a\x00{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}    \n")
            self.assertRaisesRegex(ValueError, "<i8", arrays.read, path)
            self.assertRaisesRegex(ValueError, "no .npy file", arrays.read, __file__)

    def test_batches_repeat_the_images(self):
        images = array.array("f", [1, 2, 3, 4])
        self.assertEqual(arrays.repeated((2, 2), images, 3), ((3, 2), array.array("f", [1, 2, 3, 4, 1, 2])))
        self.assertEqual(arrays.repeated((2, 2), images, 1), ((1, 2), array.array("f", [1, 2])))

    def test_errors_are_relative_to_the_largest_number(self):
        reference = (2, 2), array.array("d", [1, -4, 2, 100])
        self.assertEqual(arrays.error(((1, 2), array.array("f", [1.5, -4])), reference), 0.125)
        self.assertRaises(ValueError, arrays.error, ((1, 3), array.array("f", [0, 0, 0])), reference)


class ReportTests(unittest.TestCase):
    def test_ratios_are_taken_within_rounds(self):
        # The machine is twice as slow in the second round; that is no difference between the engines.
        line = record({"braid": measured(10, 20, 10), "a": measured(15, 30, 20), "b-bf16": measured(5, 5, 5)})
        self.assertEqual(report.median_ms(line, "braid"), 10)
        self.assertEqual(report.ratio(line, "a"), 1.5)
        self.assertEqual(report.least_ratio(line), 1.5)
        narrow = record({"braid": measured(10, 20, 10), "a": measured(15, 30, 20), "b-bf16": measured(20, 20, 20)}, precision="bf16")
        self.assertEqual(report.least_ratio(narrow), 2)
        self.assertEqual(report.title(narrow), "net, bf16, batch 1, 2 threads")
        self.assertEqual(report.spread(line, "braid"), 1)
        self.assertEqual(report.peak_rss_mb(line, "a"), 300)

    def test_tables_have_what_was_measured(self):
        text = report.markdown([
            record({"braid": measured(2, gflops=0.5, error=1e-6, ready_ms=1500), "a": measured(3), "b": {"failed": "no reason"}}),
            record({"braid": measured(4)}, network="alone"), record({"braid": measured(8)}, train=True)])
        for part in ["## Inference", "## Training steps", "| net, batch 1, 2 threads | 2.00 | 3.00 (1.50x) | failed | 1.50x | 250 | 0 % |",
                     "1.50x in the geometric mean", "1.0e-06", "| 1.5 |", "| 20.0 | 30.0 |", "- failed: b: no reason", "- a machine",
                     "| alone, batch 1, 2 threads | 4.00 |", "10% of the cores"]:
            self.assertIn(part, text)


class ChartTests(unittest.TestCase):
    def test_marks_lie_where_the_ratios_are(self):
        document = chart.svg([
            record({"braid": measured(2), "openvino": measured(4), "jax": measured(1)}), record({"braid": measured(2)}, network="<alone>")])
        root = xml.etree.ElementTree.fromstring(document)
        space = "{http://www.w3.org/2000/svg}"
        # The first is the legend's.
        slower = float(root.findall(space + "circle")[1].get("cx"))
        corners = root.findall(space + "polygon")[1].get("points").split()
        faster = float(corners[0].split(",")[0])
        ticks = {element.text: float(element.get("x")) for element in root.findall(space + "text")}
        self.assertAlmostEqual(slower, ticks["2x"], delta=0.2)
        self.assertAlmostEqual(faster, ticks["0.5x"], delta=0.2)
        self.assertAlmostEqual(slower - ticks["1x"], ticks["1x"] - faster, delta=0.3)
        self.assertIn("<alone>, batch 1, 2 threads", ticks)


class LoadTests(unittest.TestCase):
    def test_own_work_is_no_load(self):
        watch = load.CoreLoad({0}, None)
        self.assertTrue(watch.of_others() is None or 0 <= watch.of_others() <= 1)


class CommandTests(unittest.TestCase):
    def run_script(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)

    def test_mistakes_are_told(self):
        for arguments, status, message in [
                (["resnet19"], 2, "write NETWORK[:BATCHES[:THREADS]]"), (["resnet18:x"], 2, "batches and threads are numbers"),
                (["resnet18:1:9999"], 2, "the cores of this process"), (["--peers", "tvm"], 2, "there is no engine tvm"),
                (["--train", "--peers", "openvino"], 2, "there is no engine openvino here"), (["--rounds", "0"], 2, "1 or more"),
                (["--braid", "/absent"], 1, "run script/bootstrap"), (["--render", "/absent"], 1, "cannot be read"),
                (["--render", __file__], 1, "cannot be read")]:
            done = self.run_script(*arguments)
            self.assertEqual((done.returncode, message in done.stderr), (status, True), done.stderr)

    def test_results_are_rendered(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write(json.dumps(record({"braid": measured(1)})) + "\n" + '{"broken": ')
            file.flush()
            done = self.run_script("--render", file.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("| net, batch 1, 2 threads | 1.00 |", done.stdout)
            self.assertIn("broken off", done.stderr)
            picture = file.name + ".svg"
            self.assertEqual(self.run_script("--render", file.name, "--chart", picture).returncode, 0)
            with open(picture) as drawn:
                self.assertIn("net, batch 1, 2 threads", drawn.read())
            os.remove(picture)


if __name__ == "__main__":
    unittest.main()
