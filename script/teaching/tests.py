"""Tests of the helpers that need nothing but Python: python3 -m unittest teaching.tests, from the folder script."""
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from teaching import chart, experiments, page
from teaching.workshop import Failed, Training, Workshop

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lessons")
LESSONS = os.path.join(os.path.dirname(SCRIPT), "..", "graphs", "lessons")


class PageTests(unittest.TestCase):
    def test_only_what_stands_between_markers_changes(self):
        text = "before\n<!-- measured: a/b -->\nold\n<!-- end -->\nafter\n<!-- measured: c/d -->\nkept\n<!-- end -->\n"
        results = {"a/b": {"columns": ["x", "y"], "rows": [["1", "2"], ["3", "4"]]}}
        made, missing = page.render(text, results)
        self.assertEqual(made, text.replace("old\n", "| x | y |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |\n"))
        self.assertEqual(missing, ["c/d"])

    def test_what_was_not_seen_is_said(self):
        claims = {"claims": [{"text": "one", "seen": True}, {"text": "two", "seen": False}]}
        self.assertEqual(page.markdown(claims), "- seen: one\n- **not seen**: two\n")


class ChartTests(unittest.TestCase):
    def test_is_svg_with_a_line_a_series(self):
        document = chart.svg("a < b", [("one", [(0, 1), (1, 3)]), ("two", [(0, 2), (1, 0)])], "step", "loss", dots=True)
        space = "{http://www.w3.org/2000/svg}"
        root = xml.etree.ElementTree.fromstring(document)
        self.assertEqual(len(root.findall(f"{space}polyline")), 2)
        self.assertEqual(len(root.findall(f"{space}circle")), 4)
        self.assertIn("a < b", [text.text for text in root.findall(f"{space}text")])

    def test_one_point_and_nothing_but_zeros_have_a_picture(self):
        xml.etree.ElementTree.fromstring(chart.svg("flat", [("", [(5, 0)])], "x", "y"))

    def test_ticks_are_round(self):
        self.assertEqual(chart.ticks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1])
        self.assertEqual(chart.ticks(3, 16), [5, 10, 15])


class TrainingTests(unittest.TestCase):
    def test_steps_to_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            stem = os.path.join(folder, "a")
            with open(stem + ".history.json", "w", encoding="utf-8") as file:
                file.write('{"epochs": [{"held_out_metric": 0.5, "loss": 1}]}')
            with open(stem + ".steps.csv", "w", encoding="utf-8") as file:
                file.write("step,accuracy\n" + "".join(f"{step},{min(1, step / 10)}\n" for step in range(1, 21)))
            training = Training(stem, False, "note\nerror: the loss became nan\n")
            self.assertEqual(training.message, "the loss became nan")
            self.assertEqual(training.steps_to(0.25, window=1), 8)
            # The mean of 0.6, 0.7, 0.8 and 0.9.
            self.assertEqual(training.steps_to(0.25, window=4), 9)
            self.assertIsNone(training.steps_to(-0.1, window=4))

    def test_few_pictures_are_the_first(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(f"{folder}/mnist")
            for part, count in ("train", 5), ("t10k", 3):
                with open(f"{folder}/mnist/{part}-images-idx3-ubyte", "wb") as file:
                    file.write(bytes([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(784 * [7]) * count)
                with open(f"{folder}/mnist/{part}-labels-idx1-ubyte", "wb") as file:
                    file.write(bytes([0, 0, 8, 1, 0, 0, 0, count]) + bytes(range(count)))
            work = Workshop("/bin/false", folder, f"{folder}/out")
            self.assertEqual(work.data_set("mnist", 4, held_out=2), f"mnist:{folder}/out/mnist-4")
            with open(f"{folder}/out/mnist-4/train-labels-idx1-ubyte", "rb") as file:
                self.assertEqual(file.read(), bytes([0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 2, 3]))
            self.assertEqual(os.path.getsize(f"{folder}/out/mnist-4/t10k-images-idx3-ubyte"), 16 + 2 * 784)
            with self.assertRaises(Failed):
                work.data_set("fashion-mnist")


class ScriptTests(unittest.TestCase):
    def run_script(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)

    def test_a_lesson_a_file(self):
        files = {name[:-6] for name in os.listdir(LESSONS) if name.endswith(".braid")}
        self.assertEqual(files, set(experiments.ALL))
        listed = self.run_script("--list")
        self.assertEqual(listed.returncode, 0)
        self.assertEqual([line.split()[0] for line in listed.stdout.splitlines()], list(experiments.ALL))

    def test_refuses_what_there_is_not(self):
        for arguments, message in (["resnets"], "there is no lesson 'resnets'"), (["--binary", "/absent"], "there is no command '/absent'"):
            result = self.run_script(*arguments)
            self.assertEqual(result.returncode, 2)
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
