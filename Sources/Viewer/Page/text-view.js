// A long text of which only the lines in sight are in the page, with marks in it and beside its scroll bar.

const lineHeight = 18;
const textFont = "12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";

class TextView {
  /** pick: called with the number of a line that is clicked. */
  constructor(label, pick) {
    this.lines = [];
    this.marks = [];
    this.content = element("div", { class: "lines" });
    this.scroller = element("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": label }, this.content);
    this.gutter = element("div", { class: "gutter", "aria-hidden": "true" });
    this.status = element("output", { class: "mark-status", "aria-live": "polite" });
    this.before = element("button", { type: "button", "aria-label": "Mark before", title: "Mark before (Shift m)", onclick: () => this.step(-1) }, "↑");
    this.next = element("button", { type: "button", "aria-label": "Next mark", title: "Next mark (m)", onclick: () => this.step(1) }, "↓");
    this.bar = element("div", { class: "mark-bar" }, this.status, this.before, this.next);
    this.root = element("div", { class: "text-view" }, this.scroller, this.gutter);
    this.scroller.addEventListener("scroll", () => this.render());
    this.content.addEventListener("click", (event) => {
      const line = event.target.closest("[data-line]");
      if (line && !String(getSelection())) pick?.(Number(line.dataset.line));
    });
    new ResizeObserver(() => this.render()).observe(this.scroller);
  }

  /** marks: [{line, from?, to?, isWeak?}], whole lines where no columns are given. Scrolls to the first unless it is in sight. */
  setText(lines, marks, isOther = true) {
    this.lines = lines;
    this.marks = [...marks].sort((a, b) => a.line - b.line);
    this.ofLine = new Map();
    for (const mark of this.marks) {
      if (!this.ofLine.has(mark.line)) this.ofLine.set(mark.line, []);
      this.ofLine.get(mark.line).push(mark);
    }
    // Runs of marked lines are one thing to step to.
    this.runs = [];
    let last = -2;
    for (const { line, isWeak } of this.marks) {
      if (isWeak) continue;
      if (line > last + 1) this.runs.push(line);
      last = Math.max(last, line);
    }
    const longest = lines.reduce((most, line) => Math.max(most, line.length), 0);
    this.digits = String(lines.length).length;
    this.content.style.height = `${lines.length * lineHeight + 8}px`;
    this.content.style.width = `calc(${longest + this.digits + 4}ch + 24px)`;
    const tall = Math.max(1, lines.length);
    const shown = new Set(this.marks.filter((mark) => !mark.isWeak).map((mark) => Math.round(mark.line / tall * 400)));
    this.gutter.replaceChildren(...[...shown].map((place) => {
      const tick = element("i");
      tick.style.top = `${place / 4}%`;
      return tick;
    }));
    this.at = -1;
    this.drawn = null;
    if (isOther) this.scroller.scrollTo(0, 0);
    if (this.runs.length) this.step(1, false); else this.tell();
    this.render();
  }

  tell() {
    const count = this.runs.length;
    this.status.value = count === 0 ? "nothing marked" : `${this.at + 1} of ${counted(count, "mark")}`;
    this.before.disabled = this.next.disabled = count < 2;
  }

  step(direction, isAlways = true) {
    if (!this.runs.length) return;
    this.at = (this.at + direction + this.runs.length) % this.runs.length;
    this.tell();
    const top = this.runs[this.at] * lineHeight, { scrollTop, clientHeight } = this.scroller;
    if (isAlways || top < scrollTop || top > scrollTop + clientHeight - 3 * lineHeight) {
      const column = this.ofLine.get(this.runs[this.at])[0].from ?? 0;
      this.scroller.scrollTo(column > 60 ? (column - 20) * 7 : 0, Math.max(0, top - clientHeight / 3));
    }
    this.render();
  }

  render() {
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / lineHeight) - 12);
    const end = Math.min(this.lines.length, Math.ceil((scrollTop + clientHeight) / lineHeight) + 12);
    const key = `${first} ${end} ${this.at}`;
    if (key === this.drawn) return;
    this.drawn = key;
    const rows = [];
    for (let number = first; number < end; number++) rows.push(this.row(number));
    this.content.replaceChildren(...rows);
  }

  row(number) {
    const text = this.lines[number];
    const marks = this.ofLine.get(number) ?? [];
    const isWhole = marks.some((mark) => mark.from === undefined && !mark.isWeak);
    const isWeak = marks.some((mark) => mark.from === undefined && mark.isWeak);
    const row = element("div", { class: `line${isWhole ? " marked" : ""}${isWeak ? " weak" : ""}${number === this.runs[this.at] ? " current" : ""}`, "data-line": number },
      element("span", { class: "line-number", "aria-hidden": "true" }, String(number + 1).padStart(this.digits)));
    row.style.top = `${number * lineHeight + 4}px`;
    const ranges = marks.filter((mark) => mark.from !== undefined).sort((a, b) => a.from - b.from);
    let at = 0;
    for (const { from, to, isWeak } of ranges) {
      if (from < at) continue;
      row.append(text.slice(at, from), element("mark", { class: isWeak ? "weak" : null }, text.slice(from, to)));
      at = to;
    }
    row.append(text.slice(at) || (at === 0 ? " " : ""));
    return row;
  }
}
