// What there is to say of a layer or block that is chosen, or of the whole network.

class LayerPane {
  static key = "layer";
  static title = "Layer";

  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.root = element("div", { class: "scroll" });
  }

  show(choice) {
    this.root.replaceChildren(...(choice ? this.choice(choice) : this.network()));
    this.root.scrollTo(0, 0);
  }

  facts(rows) {
    return element("dl", { class: "facts-list" }, rows.filter(([, value]) => value !== undefined && value !== "" && value !== null)
      .map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  }

  link(node) {
    const layer = this.model.layerOfNode.get(node);
    return element("button", { type: "button", class: "link", onclick: () => this.page.chooseNode(node) },
      layer.label || layer.summary || layer.operation);
  }

  links(nodes) { return nodes.length ? element("span", { class: "links" }, nodes.map((node) => this.link(node))) : undefined; }

  network() {
    const { model } = this;
    const { signals } = model;
    const inputs = model.layers.filter((layer) => layer.kind === "input");
    return [
      element("h2", {}, model.network),
      model.documentation && element("p", { class: "lead" }, model.documentation),
      this.facts([
        ["Input", element("span", {}, inputs.map((layer) => element("div", {}, `${layer.label}: `, element("code", {}, layer.type))))],
        ["Layers", String(model.layers.length - inputs.length)], ["Parameters", `${grouped(model.parameters)}`],
        ["Multiply-accumulates", `${scaled(model.macs)} an image`], ["Shown is", `${model.training ? "a training step" : "a prediction"}, batch ${model.batch}`],
        ["Sizes", Object.entries(model.sizes).map(([name, size]) => `${name} = ${size}`).join(", ")],
        ["Compiled for", `${model.target}, ${model.precision}${model.numerics === "default" ? "" : `, numerics ${model.numerics}`}`],
        ["Kernels", `${model.plan.steps.length} steps`],
        ["Memory between steps", `${bytesText(model.plan.arenaBytes)}, of which ${bytesText(model.plan.arenaLowerBound)} are alive at once`],
        ["Time", model.profile && `${milliseconds(model.profile.medianMs)} a run in the median, ${counted(model.profile.threads, "thread")}`],
      ]),
      element("p", { class: "hint" }, "Choose a layer in the graph, or find one with ", element("kbd", {}, "/"), ". ", element("kbd", {}, "?"), " lists all keys."),
      signals.findings.length > 0 && element("section", {}, element("h3", {}, `What braid lint finds (${signals.findings.length})`),
        signals.findings.map((finding) => element("details", { class: `finding ${finding.severity}` },
          element("summary", {}, element("b", {}, finding.severity), ` ${finding.message}`, finding.place && element("code", {}, finding.place)),
          finding.notes.map((note) => element("p", {}, note)), finding.help && element("p", {}, `Instead: ${finding.help}`)))),
      element("h3", {}, "Largest layers"), this.largest(),
    ].filter(Boolean);
  }

  largest() {
    const rows = [...this.model.layers].filter((layer) => layer.macs > 0).sort((a, b) => b.macs - a.macs).slice(0, 8)
      .map((layer) => [this.link(layer.node), scaled(layer.macs), percent(layer.macs / this.model.macs), scaled(layer.parameters)]);
    return table("The layers with most multiply-accumulates", ["Layer", "MACs", "of all", "Parameters"], rows, ["", "number", "number", "number"]);
  }

  choice(choice) {
    const layers = this.model.layersOf(choice.nodes);
    const isBlock = choice.block !== undefined;
    const made = [element("h2", {}, choice.title)];
    if (isBlock || layers.length !== 1) made.push(...this.several(choice, layers));
    if (!isBlock && layers.length <= 6) for (const layer of layers) made.push(...this.layer(layer, layers.length > 1));
    made.push(...this.source(choice), element("div", { class: "kernels-of" }));
    this.page.model.loadTexts().then(() => { if (this.page.choice === choice) this.kernels(choice); });
    return made;
  }

  several(choice, layers) {
    const sum = (name) => layers.reduce((total, layer) => total + layer[name], 0);
    const rows = [
      ["Layers", String(layers.length)], ["Parameters", this.share(sum("parameters"), this.model.parameters)],
      ["Multiply-accumulates", this.share(sum("macs"), this.model.macs)],
    ];
    const heavy = choice.block === undefined ? [] : [...layers].filter((layer) => layer.macs > 0).sort((a, b) => b.macs - a.macs).slice(0, 12);
    return [this.facts(rows), heavy.length > 0 && table("Its layers with most multiply-accumulates", ["Layer", "Result", "MACs", "Parameters"],
      heavy.map((layer) => [this.link(layer.node), element("code", {}, layer.type), scaled(layer.macs), scaled(layer.parameters)]),
      ["", "", "number", "number"])].filter(Boolean);
  }

  share(value, all) { return value ? `${grouped(value)}${all ? ` (${percent(value / all)} of all)` : ""}` : undefined; }

  layer(layer, isOneOfSeveral) {
    const { model } = this;
    const signal = model.signalOfNode.get(layer.node);
    const readers = model.layers.filter((other) => other.operands.includes(layer.node)).map((other) => other.node);
    const made = [];
    if (isOneOfSeveral) made.push(element("h3", {}, element("button", { type: "button", class: "link", onclick: () => this.page.chooseNode(layer.node) }, layer.label || layer.operation)));
    made.push(this.facts([
      ["Operation", layer.kind === "input" ? "input" : layer.summary], ["Result", element("code", {}, layer.type)],
      ["Parameters", this.share(layer.parameters, model.parameters)], ["Multiply-accumulates", this.share(layer.macs, model.macs)],
      ["Memory of the result", layer.activationBytes ? `${bytesText(layer.activationBytes)} at batch ${model.batch}` : undefined],
      ["Sees of the input", layer.receptiveField && `${layer.receptiveField} pixels`],
      ["Reads", this.links(layer.operands.filter((node) => model.layerOfNode.has(node)))], ["Is read by", this.links(readers)],
      ["When training begins", signal?.mean !== undefined && signal.mean !== null ? `mean ${brief(signal.mean)}, deviation ${brief(signal.deviation)}` : undefined],
      ["Gradient, predicted", [
        signal?.gradient !== undefined ? `${brief(signal.gradient)} an element of the result` : "",
        signal?.weightGradient !== undefined ? `norm ${brief(signal.weightGradient)} of the weights` : "",
      ].filter(Boolean).join("; ")],
    ]));
    if (layer.weights.length) {
      made.push(table("Parameters", ["Parameter", "Shape", "Begins as"],
        layer.weights.map((weight) => [weight.name, element("code", {}, weight.type), element("code", {}, weight.initializer)])));
    }
    return made;
  }

  /** The lines of the file, the places themselves marked. */
  source(choice) {
    const { files, places } = this.model.source;
    const made = [], seen = new Set();
    for (const node of choice.nodes) {
      for (const [file, line, column, lastLine, end] of places[node] ?? []) {
        const key = `${file} ${line} ${column}`;
        if (seen.has(key) || seen.size >= 4) continue;
        seen.add(key);
        const text = files[file].lines[line] ?? "";
        const to = lastLine === line ? end : text.length;
        made.push(element("div", { class: "source-line" }, element("button", { type: "button", class: "link place", onclick: () => this.page.showText(`file ${file}`) }, `${files[file].name}:${line + 1}`),
          element("pre", {}, text.slice(0, column).trimStart(), element("mark", {}, text.slice(column, to)), text.slice(to))));
      }
    }
    return made.length ? [element("h3", {}, "In the file"), ...made] : [];
  }

  kernels(choice) {
    const steps = this.model.stepsOf(choice.nodes);
    const { plan } = this.model;
    const head = ["Step", "Computes", "Algorithm", ...(this.model.profile ? ["Time"] : [])];
    const rows = steps.slice(0, 24).map((index) => {
      const step = plan.steps[index];
      return [element("button", { type: "button", class: "link", onclick: () => this.page.showStep(index) }, String(index)), step.summary, step.algorithm?.name ?? "–",
        ...(this.model.profile ? [step.time ? milliseconds(step.time.fastestMs) : ""] : [])];
    });
    const target = this.root.querySelector(".kernels-of");
    if (!target) return;
    target.replaceChildren(element("h3", {}, steps.length ? "Its kernels" : "No kernel of its own"),
      steps.length ? table("The steps of the plan that compute it", head, rows, ["number", "", "", "number"]) : element("p", {}, "It is computed where it is read, or needs nothing computed."));
    if (steps.length > 24) target.append(element("p", { class: "hint" }, `and ${steps.length - 24} more`));
  }
}
