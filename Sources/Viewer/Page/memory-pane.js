// The arena over the steps: what lies where, and when.

class MemoryPane {
  static key = "memory";
  static title = "Memory";

  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.kinds = [...new Set(this.placed().map((buffer) => buffer.kind ?? "workspace"))].sort();
    this.canvas = element("canvas", { class: "arena", role: "img", "aria-label": this.summary() });
    this.tip = element("div", { class: "tip", hidden: true });
    const steps = this.model.plan.steps.length;
    this.slider = element("input", { type: "range", min: 0, max: Math.max(0, steps - 1), value: this.fullest(), "aria-label": "Step", oninput: () => this.render() });
    this.stepName = element("output", { class: "step-name" });
    this.list = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "What is alive at the step" });
    this.legend = element("ul", { class: "legend-list" }, this.kinds.map((kind) => element("li", {}, element("i", { class: `memory-${kind}` }), kind.replace("_", " ").replace(/([A-Z])/g, " $1").toLowerCase())));
    this.root = element("div", { class: "column" }, element("div", { class: "pane-bar" }, element("label", { class: "wide" }, "Step ", this.slider), this.stepName),
      element("div", { class: "picture" }, this.canvas, this.tip), this.legend, this.list);
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.canvas.addEventListener("click", (event) => {
      const buffer = this.bufferAt(event);
      if (buffer !== null) this.page.chooseNodes([...this.model.origins(this.model.plan.buffers[buffer].nodes, this.model.last)], this.model.plan.buffers[buffer].layer);
      this.slider.value = this.stepAt(event);
      this.render();
    });
    new ResizeObserver(() => this.render()).observe(this.canvas.parentElement ?? this.canvas);
  }

  placed() { return this.model.plan.buffers.filter((buffer) => buffer.offset !== undefined && buffer.first !== undefined); }

  alive(step) {
    return this.model.plan.buffers.map((buffer, index) => ({ buffer, index }))
      .filter(({ buffer }) => buffer.offset !== undefined && buffer.first <= step && step <= buffer.last).sort((a, b) => b.buffer.bytes - a.buffer.bytes);
  }

  live() {
    const live = new Array(this.model.plan.steps.length).fill(0);
    for (const { first, last, bytes } of this.placed()) for (let step = first; step <= last; step++) live[step] += bytes;
    return live;
  }

  fullest() { const live = this.live(); return Math.max(0, live.indexOf(Math.max(...live))); }

  summary() {
    const { arenaBytes, arenaLowerBound, steps } = this.model.plan;
    return `The arena of ${bytesText(arenaBytes)} over ${counted(steps.length, "step")}; ${bytesText(arenaLowerBound)} are alive at once at most`;
  }

  async show(choice) {
    this.choice = choice;
    await this.model.loadTexts();
    this.isShown = true;
    this.render();
  }

  hide() { this.isShown = false; }

  geometry() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const [left, top, right, bottom] = [62, 10, 10, 30];
    const { steps, arenaBytes } = this.model.plan;
    return {
      width, height, left, top, bottom: height - bottom, right: width - right,
      x: (step) => left + (width - left - right) * step / Math.max(1, steps.length),
      y: (bytes) => height - bottom - (height - top - bottom) * bytes / Math.max(1, arenaBytes),
    };
  }

  render() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!this.isShown || !width) return;
    const ratio = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    }
    const context = this.canvas.getContext("2d"), place = this.geometry(), { plan } = this.model;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "11px system-ui, sans-serif";
    const [ink, faint, accent] = [themeColor("--muted"), themeColor("--line"), themeColor("--accent")];
    const chosen = this.choice ? this.model.traced(this.choice.nodes)[this.model.last] : new Set();
    plan.buffers.forEach((buffer) => {
      if (buffer.offset === undefined || buffer.first === undefined) return;
      const [x, end, low, high] = [place.x(buffer.first), place.x(buffer.last + 1), place.y(buffer.offset), place.y(buffer.offset + buffer.bytes)];
      const isChosen = buffer.nodes.some((node) => chosen.has(node));
      context.globalAlpha = chosen.size && !isChosen ? 0.35 : 0.9;
      context.fillStyle = themeColor(`--memory-${buffer.kind ?? "workspace"}`);
      context.fillRect(x + 0.5, high + 0.5, Math.max(1, end - x - 1), Math.max(1, low - high - 1));
      context.globalAlpha = 1;
      if (isChosen) {
        context.strokeStyle = accent;
        context.lineWidth = 2;
        context.strokeRect(x, high, Math.max(2, end - x), Math.max(2, low - high));
      }
    });
    // What is alive at once, in all.
    const live = this.live();
    context.beginPath();
    live.forEach((bytes, step) => { context.lineTo(place.x(step), place.y(bytes)); context.lineTo(place.x(step + 1), place.y(bytes)); });
    context.strokeStyle = themeColor("--ink");
    context.lineWidth = 1.25;
    context.stroke();
    context.fillStyle = ink;
    context.strokeStyle = faint;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.lineWidth = 1;
    for (let part = 0; part <= 4; part++) context.fillText(bytesText(Math.round(plan.arenaBytes * part / 4)), place.left - 6, place.y(plan.arenaBytes * part / 4));
    context.strokeRect(place.left, place.top, place.right - place.left, place.bottom - place.top);
    context.textAlign = "center";
    const step = Math.max(1, Math.ceil(plan.steps.length / 8));
    for (let at = 0; at < plan.steps.length; at += step) context.fillText(String(at), place.x(at + 0.5), place.bottom + 10);
    context.fillText("steps; the line is what is alive in all", (place.left + place.right) / 2, place.bottom + 23);
    const at = Number(this.slider.value);
    context.strokeStyle = accent;
    context.beginPath();
    context.moveTo(place.x(at + 0.5), place.top);
    context.lineTo(place.x(at + 0.5), place.bottom);
    context.stroke();
    this.tell(at, live[at]);
  }

  tell(step, bytes) {
    const { plan } = this.model;
    const name = plan.steps[step]?.summary ?? "";
    this.slider.setAttribute("aria-valuetext", `${step}: ${name}`);
    this.stepName.value = `${step}: ${name}`;
    const kept = Object.entries(plan.kept).map(([kind, value]) => `${kind.replace("_", " ")} ${bytesText(value)}`).join(", ");
    const rows = this.alive(step).slice(0, 60).map(({ buffer }) => [
      buffer.nodes.length ? element("button", { type: "button", class: "link", onclick: () => this.page.chooseNodes([...this.model.origins(buffer.nodes, this.model.last)], buffer.layer) }, buffer.layer || buffer.operation || "–") : buffer.layer || "workspace",
      (buffer.kind ?? "").replace("_", " "), element("code", {}, buffer.type), bytesText(buffer.bytes), `${buffer.first} – ${buffer.last}`,
    ]);
    this.list.replaceChildren(
      element("p", { class: "hint" }, `${this.summary()}. Kept from run to run: ${kept || "nothing"}; scratch of all threads ${bytesText(plan.scratchBytes)}.`),
      table(`Alive at step ${step}: ${bytesText(bytes ?? 0)}`, ["Layer", "Kind", "Tensor", "Bytes", "Steps"], rows, ["", "word", "", "number", "number"]));
  }

  stepAt(event) {
    const place = this.geometry(), { left } = this.canvas.getBoundingClientRect();
    const share = (event.clientX - left - place.left) / Math.max(1, place.right - place.left);
    return Math.max(0, Math.min(this.model.plan.steps.length - 1, Math.floor(share * this.model.plan.steps.length)));
  }

  bufferAt(event) {
    const place = this.geometry(), frame = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const found = this.model.plan.buffers.findIndex((buffer) => buffer.offset !== undefined && buffer.first !== undefined && x >= place.x(buffer.first)
      && x <= place.x(buffer.last + 1) && y <= place.y(buffer.offset) && y >= place.y(buffer.offset + buffer.bytes));
    return found < 0 ? null : found;
  }

  point(event) {
    const found = this.bufferAt(event);
    this.tip.hidden = found === null;
    if (found === null) return;
    const buffer = this.model.plan.buffers[found], frame = this.canvas.getBoundingClientRect();
    this.tip.textContent = `${buffer.layer || "workspace"} ${buffer.operation}, ${buffer.type}, ${bytesText(buffer.bytes)}, steps ${buffer.first} to ${buffer.last}`;
    this.tip.style.left = `${Math.min(event.clientX - frame.left + 12, frame.width - 240)}px`;
    this.tip.style.top = `${event.clientY - frame.top + 14}px`;
  }
}
