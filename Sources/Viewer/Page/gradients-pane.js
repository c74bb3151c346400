// Gradients, layer by layer: what is predicted when a training begins, and beside it what one measured.

class GradientsPane {
  static key = "gradients";
  static title = "Gradients";

  constructor(page) {
    this.page = page;
    this.model = page.model;
    const { measurements, signals } = this.model;
    this.rows = this.rowsOf();
    this.note = element("div", { class: "notes" });
    this.chart = element("div", { class: "scroll chart", tabindex: 0, role: "region", "aria-label": "Gradients of the layers" });
    this.root = element("div", { class: "column" }, this.note, this.chart);
    if (measurements) {
      this.quantity = element("select", { "aria-label": "What was measured", onchange: () => this.choose() }, measurements.quantities
        .filter(({ name }) => measurements.layers.some((layer) => layer.values[name])).map(({ name, title }) => element("option", { value: name }, title)));
      this.slider = element("input", { type: "range", min: 0, max: measurements.steps.length - 1, value: 0, "aria-label": "Step of the training", oninput: () => this.go() });
      this.step = element("output", { class: "step-name" });
      this.root.prepend(element("div", { class: "pane-bar" }, element("label", {}, "Measured ", this.quantity), element("label", { class: "wide" }, "at step ", this.slider), this.step));
      this.model.watchedStep = 0;
    }
    const what = signals.obstacle ? `Nothing is predicted: ${signals.obstacle}.`
      : signals.hasGradients ? `Predicted for the beginning, batch ${signals.batch}: the norm of the gradient of each layer's weights, from the initializers alone.`
        : "There is no loss, so only activations are predicted: add a training of the network for gradients.";
    this.note.append(element("p", { class: "hint" }, what, measurements ? " The rhombus is what the training measured." : ""),
      signals.assumptions.length ? element("details", {}, element("summary", {}, `${counted(signals.assumptions.length, "thing")} taken for granted`), signals.assumptions.map((text) => element("p", {}, text))) : "");
  }

  /** Layers with weights, in order; and what was measured of others, behind them. */
  rowsOf() {
    const { model } = this, rows = [], placed = new Set();
    const measured = new Map();
    for (const row of model.measurements?.layers ?? []) for (const node of row.nodes) if (!measured.has(node)) measured.set(node, row);
    for (const layer of model.layers) {
      const signal = model.signalOfNode.get(layer.node), row = measured.get(layer.node);
      const predicted = model.signals.hasGradients ? signal?.weightGradient : layer.weights.length ? signal?.deviation : undefined;
      if (predicted === undefined && !row) continue;
      placed.add(row);
      rows.push({ name: layer.label || layer.summary, node: layer.node, signal, predicted, measured: row });
    }
    for (const row of model.measurements?.layers ?? []) if (!placed.has(row)) rows.push({ name: row.name, measured: row });
    return rows;
  }

  show(choice) {
    this.choice = choice;
    this.isShown = true;
    const { model } = this;
    if (this.page.mode.key === "kind") {
      this.page.setMode(model.measurements ? "measured gradient" : model.signals.hasGradients ? "weightGradient" : "deviation");
      this.ownMode = this.page.mode.key;
    }
    this.render();
  }

  /** Takes back the colours that nobody asked for. */
  hide() {
    this.isShown = false;
    if (this.ownMode && this.page.mode.key === this.ownMode) this.page.setMode("kind");
    this.ownMode = null;
  }

  /** The graph shows what the chart does. */
  choose() {
    this.page.setMode(`measured ${this.quantity.value}`);
    this.render();
  }

  go() {
    this.model.watchedStep = Number(this.slider.value);
    this.render();
    this.page.repaint();
  }

  /** What is predicted of the quantity that is shown beside it. */
  predictedOf(row, quantity) {
    if (!quantity || quantity === "gradient") return row.predicted;
    if (quantity === "weight") return row.signal?.weight;
    if (quantity === "deviation") return row.signal?.deviation;
    if (quantity === "mean") return row.signal?.mean === undefined || row.signal.mean === null ? undefined : Math.abs(row.signal.mean);
    return undefined;
  }

  render() {
    if (!this.isShown) return;
    const { measurements } = this.model, quantity = this.quantity?.value;
    if (measurements) {
      const at = this.model.watchedStep;
      this.slider.setAttribute("aria-valuetext", `step ${measurements.steps[at]}`);
      this.step.value = `${measurements.steps[at]}, epoch ${measurements.epochs[at]}`;
    }
    const isShare = quantity === "dead" || quantity === "saturated";
    const size = (value) => value === undefined || value === null ? undefined : Math.abs(Number(value));
    const rows = this.rows.map((row) => ({
      ...row, value: size(this.predictedOf(row, quantity)), seen: size(row.measured?.values[quantity]?.[this.model.watchedStep]),
      all: (row.measured?.values[quantity] ?? []).map(size),
    })).filter((row) => row.value !== undefined || row.all.some((value) => value !== undefined));
    if (!rows.length) return this.chart.replaceChildren(element("p", { class: "hint" }, "No layer has weights of which something is predicted."));
    const scale = new Scale(rows.flatMap((row) => [row.value, ...row.all]).filter((value) => value !== undefined), !isShare);
    const text = isShare ? percent : brief;
    const place = (value) => `${(8 + 84 * Math.max(0, Math.min(1, value === 0 && !isShare ? 0 : scale.share(value)))).toFixed(2)}%`;
    const ticks = this.ticks(scale, isShare);
    const chosen = this.choice?.nodes;
    this.chart.replaceChildren(
      element("div", { class: "chart-row axis" }, element("span", {}, "Layer"),
        element("span", { class: "track" }, ticks.map((tick) => this.at(element("small", {}, text(tick)), place(tick)))), element("span", { class: "number" }, measurements ? "predicted, measured" : "predicted")),
      ...rows.map((row) => {
        const track = element("span", { class: "track" }, ticks.map((tick) => this.at(element("i", { class: "tick" }), place(tick))));
        if (row.value !== undefined && row.seen !== undefined) {
          const [a, b] = [row.value, row.seen].map((value) => parseFloat(place(value))).sort((a, b) => a - b);
          const between = this.at(element("i", { class: "between" }), `${a}%`);
          between.style.width = `${b - a}%`;
          track.append(between);
        }
        if (row.value !== undefined) track.append(this.at(element("i", { class: "predicted" }), place(row.value), row.value > 0 && !scale.isEmpty ? cssColor(viridisColor(scale.share(row.value))) : null));
        if (row.seen !== undefined && !Number.isNaN(row.seen)) track.append(this.at(element("i", { class: "measured" }), place(row.seen)));
        const numbers = [row.value, row.seen].map((value) => value === undefined ? "" : text(value));
        const made = element("button", {
          type: "button", class: `chart-row${chosen?.has(row.node) ? " chosen" : ""}`, disabled: row.node === undefined, onclick: () => this.page.chooseNode(row.node),
          "aria-label": `${row.name}: ${[row.value !== undefined && `predicted ${numbers[0]}`, row.seen !== undefined && `measured ${numbers[1]}`].filter(Boolean).join(", ")}`,
        }, this.name(row.name), track, element("span", { class: "number" }, numbers.filter(Boolean).join(", ")));
        return made;
      }));
  }

  /** A name, of which the middle is left out where there is no room. */
  name(text) {
    const end = Math.max(0, text.length - 13);
    return element("span", { class: "name", title: text }, element("span", {}, text.slice(0, end)), element("span", {}, text.slice(end)));
  }

  at(made, left, color) {
    made.style.left = left;
    if (color) made.style.background = color;
    return made;
  }

  ticks(scale, isShare) {
    if (isShare) return scale.high > 0 ? [0, scale.high / 2, scale.high] : [0];
    const [low, high] = [Math.ceil(Math.log10(scale.low) - 1e-9), Math.floor(Math.log10(scale.high) + 1e-9)];
    const step = Math.max(1, Math.ceil((high - low) / 5));
    const ticks = [];
    for (let power = low; power <= high; power += step) ticks.push(10 ** power);
    return ticks;
  }
}
