"""What is asked of a page of `braid view`."""
import statistics
import time

from .chromium import Failed

READY_MS = 2000
FRAME_MS = 100
# Text on its ground, WCAG 2.2 AA.
CONTRAST = 4.5

FRAMES = """(async (act, count) => {
  // The longest time from one frame to the next while something is done, for each time that it is.
  const longest = [];
  for (let turn = 0; turn < count; turn++) {
    let last = performance.now(), most = 0, isDone = false;
    const watch = (now) => { most = Math.max(most, performance.now() - last); last = performance.now(); if (!isDone) requestAnimationFrame(watch); };
    await new Promise((done) => requestAnimationFrame(done));
    last = performance.now();
    requestAnimationFrame(watch);
    await act(turn);
    for (let frame = 0; frame < 3; frame++) await new Promise((done) => requestAnimationFrame(done));
    isDone = true;
    longest.push(most);
  }
  return longest;
})"""

PAN = """async () => {
  const canvas = document.getElementById("canvas");
  for (let frame = 0; frame < 20; frame++) {
    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: 120, bubbles: true, cancelable: true }));
    await new Promise((done) => requestAnimationFrame(done));
  }
}"""

FAINT = """(() => {
  // Texts whose contrast with what is painted behind them is too small.
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((value) => value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => { const [high, low] = [luminance(a), luminance(b)].sort((a, b) => b - a); return (high + 0.05) / (low + 0.05); };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] > 0.95) return color;
    }
    return [255, 255, 255, 1];
  };
  const faint = new Set();
  for (const node of document.querySelectorAll("header *, #panel *, .bar *, #legend *")) {
    const isText = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!isText || !node.getClientRects().length || node.closest(":disabled, svg, option, optgroup")) continue;
    const found = ratio(parse(getComputedStyle(node).color), ground(node));
    if (found < LEAST) faint.add(`${node.className || node.tagName}: ${found.toFixed(2)} "${node.textContent.trim().slice(0, 30)}"`);
  }
  for (const node of document.querySelectorAll("#canvas .box")) {
    const card = node.querySelector(".card"), text = node.querySelector("text");
    // Texts are there where they can be seen.
    if (!text) continue;
    const found = ratio(parse(getComputedStyle(text).fill), parse(getComputedStyle(card).fill));
    if (found < LEAST) faint.add(`box: ${found.toFixed(2)} "${text.textContent}"`);
  }
  return [...faint];
})()""".replace("LEAST", str(CONTRAST))


class Checks:
    """Opens a page, looks at it from all sides, and keeps what is wrong."""

    def __init__(self, page, name):
        self.page, self.name, self.faults, self.figures = page, name, [], {}

    def expect(self, holds, fault):
        if not holds:
            self.faults.append(fault)

    def open(self, path, dark=False):
        self.page.open(path, dark)
        end = time.monotonic() + 30
        while not (ready := self.page.evaluate("document.documentElement.dataset.ready")):
            if time.monotonic() > end:
                raise Failed("not drawn after 30 seconds: " + "; ".join(self.page.complaints))
            time.sleep(0.02)
        return float(ready)

    def settle(self, seconds=0.15):
        """Until texts are unpacked and what follows is drawn."""
        self.page.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done), %d))" % int(seconds * 1000))

    def quiet(self, where):
        for complaint in self.page.complaints:
            self.expect(False, f"{where}: the console says: {complaint.splitlines()[0]}")
        self.page.complaints.clear()

    def start(self, path, limit):
        ready = self.open(path)
        self.figures["ready"] = ready
        self.expect(ready < limit, f"ready after {ready:.0f} ms, more than {limit:.0f}")
        self.expect(self.page.evaluate("document.querySelectorAll('#canvas .box').length") > 0, "nothing is drawn")
        self.quiet("start")

    def tabs(self):
        """All panes by their keys, with something chosen and with nothing: no complaint, all controls have names."""
        for chosen in False, True:
            if chosen:
                # Not the input, which no kernel computes.
                self.page.evaluate("document.querySelectorAll('#canvas .box')[1].dispatchEvent(new MouseEvent('click', { bubbles: true }))")
            for number in range(1, 8):
                self.page.press(str(number))
                self.settle(0.1)
                shown = self.page.evaluate("document.querySelectorAll('[role=tabpanel]:not([hidden])').length")
                self.expect(shown == 1, f"tab {number}: {shown} panes are shown")
                self.named(f"tab {number}")
                self.quiet(f"tab {number}{', with a choice' if chosen else ''}")
        self.page.press("1")

    def named(self, where):
        for role, name in self.page.controls():
            self.expect(name.strip(), f"{where}: a {role} has no name")

    def contrast(self, where):
        for text in self.page.evaluate(FAINT):
            self.expect(False, f"{where}: a contrast below {CONTRAST}: {text}")

    def keyboard(self):
        """From the search to the graph, along its edges to the end, into a choice and back."""
        page = self.page
        focused = "(() => { const at = document.activeElement; return at?.dataset?.box ?? (at?.dataset?.block !== undefined ? `block ${at.dataset.block}` : at?.id); })()"
        page.press("/")
        self.expect(page.evaluate(focused) == "search", "/ does not go to the search")
        page.press("Escape")
        page.press("Home")
        seen = [page.evaluate(focused)]
        for _ in range(2000):
            page.press("ArrowDown")
            at = page.evaluate(focused)
            if at == seen[-1]:
                break
            self.expect(at not in seen, f"the arrow down comes to {at} again")
            seen.append(at)
            if at in seen[:-1]:
                break
        self.figures["walk"] = len(seen)
        boxes = page.evaluate("document.querySelectorAll('#canvas .box').length")
        self.expect(len(seen) > 1 or boxes == 1, "the arrow down leads nowhere")
        self.expect(page.evaluate("document.activeElement.getAttribute('aria-label')"), "what has the focus has no name")
        page.press("Enter")
        self.settle()
        self.expect(page.evaluate("document.querySelector('.chosen') !== null && document.querySelector('#pane-layer h2') !== null"), "Enter chooses nothing")
        for key in "+", "-", "f", "t", "t", "t", "]", "[", "Escape":
            page.press(key)
        self.settle()
        # Tab reaches the panel and comes to an end.
        page.press("/")
        names = []
        for _ in range(40):
            page.press("Tab")
            names.append(page.evaluate("(() => { const at = document.activeElement; return at?.id || at?.getAttribute?.('role') || at?.tagName; })()"))
        for wanted in "theme", "help", "fold", "fit", "color", "split":
            self.expect(wanted in names, f"Tab does not come to {wanted}")
        page.press("Escape")
        self.quiet("keyboard")

    def frames(self, limit, turns=5):
        """How long the longest frame is while everything is folded and unfolded, each block by itself, and all that is unfolded moves."""
        acts = {
            "unfold": "(turn) => { document.getElementById('fold').click(); return new Promise((done) => requestAnimationFrame(done)).then(() => document.getElementById('unfold').click()); }",
            "fold": "(turn) => { document.getElementById('unfold').click(); return new Promise((done) => setTimeout(done, 150)).then(() => document.getElementById('fold').click()); }",
        }
        # The unfolding before a folding is not measured twice: it is the longer of both that counts.
        for name, act in acts.items():
            longest = self.page.evaluate(f"{FRAMES}({act}, {turns})")
            self.figures[name] = statistics.median(longest)
        self.page.evaluate("document.getElementById('unfold').click()")
        self.settle()
        self.figures["pan"] = statistics.median(self.page.evaluate(f"{FRAMES}({PAN}, {turns})"))
        block = "(turn) => { const heads = document.querySelectorAll('#canvas .head .chevron'); heads[turn % heads.length]?.dispatchEvent(new MouseEvent('click', { bubbles: true })); }"
        self.figures["toggle"] = statistics.median(self.page.evaluate(f"{FRAMES}({block}, {turns})"))
        for name in "unfold", "fold", "pan", "toggle":
            self.expect(self.figures[name] < limit, f"{name}: a frame of {self.figures[name]:.0f} ms, more than {limit:.0f}")
        self.quiet("frames")
