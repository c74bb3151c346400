// The contractions under the roofs of memory, caches and multiply-adds (Williams, Waterman and Patterson, CACM 52(4), 2009).

class RooflinePane {
  static key = "roofline";
  static title = "Roofline";

  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.picture = element("div", { class: "picture roofline" });
    this.note = element("p", { class: "hint" });
    this.root = element("div", { class: "column" }, this.picture, this.note);
    new ResizeObserver(() => { if (this.isShown) this.render(); }).observe(this.picture);
  }

  async show(choice) {
    this.choice = choice;
    this.isShown = true;
    await this.model.loadTexts();
    this.render();
  }

  hide() { this.isShown = false; }

  /** The steps with products: operations a byte, and GFLOP/s. */
  points() {
    return this.model.plan.steps.flatMap((step, index) => step.time && step.macs && step.bytes
      ? [{ index, step, x: 2 * step.macs / step.bytes, y: 2 * step.macs / step.time.fastestMs / 1e6 }] : []);
  }

  render() {
    const { profile } = this.model;
    if (!profile) {
      this.picture.replaceChildren();
      this.note.textContent = "Kernels were not measured for this page: write it with --profile, and each convolution and linear layer is a point here, under what the machine allows.";
      return;
    }
    const points = this.points();
    const width = this.picture.clientWidth || 480, height = Math.max(240, this.picture.clientHeight || 360);
    const [left, right, top, bottom] = [56, width - 16, 16, height - 40];
    const allX = points.map((point) => point.x), allY = points.map((point) => point.y);
    const [lowX, highX] = [Math.min(0.1, ...allX) / 1.5, Math.max(1000, ...allX) * 1.5];
    const peak = Math.max(...profile.products.map((roof) => roof.rate), ...allY, 1) * 1.6;
    const lowY = Math.min(...allY, peak / 1000) / 1.5;
    const x = (value) => left + (right - left) * Math.log(value / lowX) / Math.log(highX / lowX);
    const y = (value) => bottom - (bottom - top) * Math.log(value / lowY) / Math.log(peak / lowY);
    const chosen = new Set(this.choice ? this.model.stepsOf(this.choice.nodes) : []);
    const drawing = svg("svg", { width, height, role: "group", "aria-label": "Roofline: GFLOP/s over operations a byte" });
    const powers = (low, high) => Array.from({ length: Math.floor(Math.log10(high)) - Math.ceil(Math.log10(low)) + 1 }, (_, index) => 10 ** (Math.ceil(Math.log10(low)) + index));
    for (const value of powers(lowX, highX)) {
      drawing.append(svg("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: bottom }), svg("text", { class: "tick", x: x(value), y: bottom + 14, "text-anchor": "middle" }, brief(value)));
    }
    for (const value of powers(lowY, peak)) {
      drawing.append(svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }), svg("text", { class: "tick", x: left - 6, y: y(value) + 4, "text-anchor": "end" }, brief(value)));
    }
    const highest = Math.max(...profile.products.map((roof) => roof.rate), 0);
    for (const roof of profile.memory) {
      const end = Math.min(highX, highest / roof.rate), start = Math.max(lowX, lowY / roof.rate);
      drawing.append(svg("line", { class: "roof", x1: x(start), y1: y(start * roof.rate), x2: x(end), y2: y(end * roof.rate) }),
        svg("text", { class: "roof-name", x: x(start) + 6, y: y(start * roof.rate) - 4, transform: `rotate(${-Math.atan2(y(start * roof.rate) - y(end * roof.rate), x(end) - x(start)) * 180 / Math.PI} ${x(start)} ${y(start * roof.rate)})` }, `${roof.name} ${Math.round(roof.rate)} GB/s`));
    }
    for (const roof of profile.products) {
      const start = Math.max(lowX, roof.rate / Math.max(...profile.memory.map((level) => level.rate), 1));
      drawing.append(svg("line", { class: "roof", x1: x(start), x2: right, y1: y(roof.rate), y2: y(roof.rate) }),
        svg("text", { class: "roof-name", x: right, y: y(roof.rate) - 5, "text-anchor": "end" }, `${roof.name} ${Math.round(roof.rate)} GFLOP/s`));
    }
    const longest = Math.max(...points.map((point) => point.step.time.fastestMs), 1e-9);
    for (const point of [...points].sort((a, b) => b.step.time.fastestMs - a.step.time.fastestMs)) {
      const label = `Step ${point.index}, ${point.step.summary}: ${point.y.toFixed(0)} GFLOP/s at ${brief(point.x)} operations a byte, ${milliseconds(point.step.time.fastestMs)}`;
      const act = () => this.page.showStep(point.index);
      drawing.append(svg("circle", {
        class: `dot${chosen.has(point.index) ? " chosen" : ""}`, cx: x(point.x), cy: y(point.y), r: 3.5 + 7 * Math.sqrt(point.step.time.fastestMs / longest), tabindex: 0, role: "button", "aria-label": label,
        onclick: act, onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); } },
      }, svg("title", {}, label)));
    }
    drawing.append(svg("text", { class: "axis", x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }, "operations a byte"),
      svg("text", { class: "axis", x: 12, y: (top + bottom) / 2, transform: `rotate(-90 12 ${(top + bottom) / 2})`, "text-anchor": "middle" }, "GFLOP/s"));
    this.picture.replaceChildren(drawing);
    this.note.textContent = `${counted(points.length, "step")} with products, as large as their time. Useful work is counted, so minimal filtering can exceed its roof. ${counted(profile.runs, "run")}, ${counted(profile.threads, "thread")}; the fastest took ${milliseconds(profile.fastestMs)}.`;
  }
}
