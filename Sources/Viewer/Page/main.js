// The page: what is chosen, which tab is open, and what follows of both.

class Page {
  constructor(model) {
    this.model = model;
    this.choice = null;
    if (model.profile) this.setTimes();
    this.view = new GraphView(model, (target) => this.chooseTarget(target));
    this.modes = colorModes(model);
    this.mode = this.modes[0];
    this.keys = new GraphKeys(this.view);
    this.fillHeader();
    this.fillTabs();
    this.finder = new Finder(this);
    this.theme = new Theme(() => this.repaint());
    this.listen();
  }

  start() {
    this.view.draw();
    this.view.fit(false);
    this.tellLegend();
    this.open("layer");
  }

  /** A kernel's time, dealt out to what it computes by its products. */
  setTimes() {
    const { model } = this;
    model.timeOfNode = new Map();
    model.loadTexts().then(() => {
      model.plan.steps.forEach((step, index) => {
        const nodes = [...model.origins(step.nodes, model.last)].filter((node) => model.boxOfNode.has(node));
        const macs = nodes.map((node) => model.layerOfNode.get(node)?.macs ?? 0), all = macs.reduce((sum, value) => sum + value, 0);
        nodes.forEach((node, place) => {
          const share = all ? macs[place] / all : 1 / nodes.length;
          if (share) model.timeOfNode.set(node, (model.timeOfNode.get(node) ?? 0) + (step.time?.fastestMs ?? 0) * share);
        });
      });
      this.repaint();
    });
  }

  fillHeader() {
    const { model } = this;
    document.getElementById("network").textContent = model.network;
    const sizes = Object.entries(model.sizes).map(([name, size]) => `${name} = ${size}`).join(", ");
    document.getElementById("facts").append(...[
      `${scaled(model.parameters)} parameters`, `${scaled(model.macs)} MACs`, `${model.training ? "training" : "prediction"}, batch ${model.batch}`, sizes, model.target,
    ].filter(Boolean).map((fact) => element("li", {}, fact)));
    const select = document.getElementById("color");
    select.append(...this.modes.map((mode) => element("option", { value: mode.key }, mode.name)));
    select.addEventListener("change", () => this.setMode(select.value));
  }

  fillTabs() {
    this.panes = [LayerPane, TextPane, PassesPane, KernelsPane, MemoryPane, RooflinePane, GradientsPane].map((kind, index) => {
      const pane = new kind(this);
      const tab = element("button", {
        type: "button", role: "tab", id: `tab-${kind.key}`, "aria-controls": `pane-${kind.key}`, "aria-selected": "false", tabindex: -1, "aria-keyshortcuts": String(index + 1), onclick: () => this.open(kind.key),
      }, kind.title);
      const root = element("div", { class: "pane", role: "tabpanel", id: `pane-${kind.key}`, "aria-labelledby": `tab-${kind.key}`, hidden: true }, pane.root);
      document.getElementById("tabs").append(tab);
      document.getElementById("panes").append(root);
      return { key: kind.key, pane, tab, root };
    });
    document.getElementById("tabs").addEventListener("keydown", (event) => {
      const at = this.panes.findIndex(({ key }) => key === this.openKey), count = this.panes.length;
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + count, Home: 0, End: count - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.open(this.panes[to % count].key);
      this.panes[to % count].tab.focus();
    });
  }

  get opened() { return this.panes.find(({ key }) => key === this.openKey); }

  open(key) {
    if (this.openKey !== key) this.opened?.pane.hide?.();
    this.openKey = key;
    for (const { key: own, tab, root } of this.panes) {
      tab.setAttribute("aria-selected", String(own === key));
      tab.setAttribute("tabindex", own === key ? "0" : "-1");
      root.hidden = own !== key;
    }
    this.opened.pane.show(this.choice);
  }

  showText(stage) {
    const pane = this.panes.find(({ key }) => key === "text").pane;
    this.open("text");
    this.model.loadTexts().then(() => pane.setStage(stage));
  }

  showStep(step) {
    this.open("kernels");
    this.model.loadTexts().then(() => this.opened.pane.showStep?.(step));
  }

  // What is chosen

  /** A choice has a title, boxes, and nodes of the first graph. */
  setChoice(choice, blockId = null) {
    this.choice = choice;
    this.view.setChosen(choice?.boxes ?? [], blockId);
    this.opened.pane.show(choice);
  }

  chooseTarget(target) {
    if (!target) return this.setChoice(null);
    const { id, node } = target;
    if (id < 0) return this.chooseBlock(-1 - id);
    if (node !== undefined && this.model.boxes[id].strips.length > 1 && this.choice?.boxes.has(id) && this.choice.boxes.size === 1) {
      // A second click tells of one line of the box.
      return this.setChoice({ title: this.model.nameOf(node), boxes: new Set([id]), nodes: new Set([node]) });
    }
    this.chooseBoxes([id]);
  }

  chooseBlock(block) {
    const boxes = new Set(this.model.boxesOfBlock[block]);
    this.setChoice({ title: this.model.blockName(block), boxes, nodes: this.model.nodesOf(boxes), block }, -1 - block);
  }

  chooseBoxes(boxes) {
    const set = new Set(boxes);
    this.view.reveal(set);
    const [first] = set;
    if (first === undefined) return this.setChoice(null);
    const box = this.model.boxes[first];
    let nodes = this.model.nodesOf(set);
    // An output is the layer that computes it.
    if (!nodes.size) nodes = new Set(box.strips.map((strip) => strip.node).filter((node) => node !== undefined));
    const name = this.model.nameOf([...nodes][0]) || box.strips[0].text;
    this.setChoice({ title: set.size === 1 ? box.strips[0].kind === "output" ? `output ${box.strips[0].text}` : name : `${set.size} boxes`, boxes: set, nodes });
    this.view.show(this.view.drawnAs(first));
  }

  chooseNode(node) { this.chooseNodes([node]); }

  chooseNodes(nodes, title) {
    const drawn = nodes.filter((node) => this.model.boxOfNode.has(node));
    if (!drawn.length) return;
    const boxes = new Set(drawn.map((node) => this.model.boxOfNode.get(node)));
    this.view.reveal(boxes);
    this.setChoice({ title: title || (drawn.length === 1 ? this.model.nameOf(drawn[0]) : `${drawn.length} layers`), boxes, nodes: new Set(drawn) });
    this.view.show(this.view.drawnAs([...boxes][0]));
  }

  // What it looks like

  setMode(key) {
    this.mode = this.modes.find((mode) => mode.key === key) ?? this.modes[0];
    document.getElementById("color").value = this.mode.key;
    this.repaint();
  }

  repaint() {
    this.view.setMode(this.mode);
    this.tellLegend();
    const { pane } = this.opened ?? {};
    if (pane?.canvas) pane.render();
  }

  tellLegend() {
    const legend = document.getElementById("legend"), { scale } = this.view;
    if (!scale) {
      const kinds = new Set(this.model.boxes.flatMap((box) => box.strips.map((strip) => strip.kind)));
      legend.replaceChildren(element("ul", { class: "legend-list" }, [...kinds].map((kind) => element("li", {}, element("i", { class: `${kind}-swatch` }), this.model.drawing.kinds[kind]))));
      return;
    }
    const ramp = element("i", { class: "ramp" });
    ramp.style.background = `linear-gradient(to right, ${viridis.map(cssColor).join(", ")})`;
    legend.replaceChildren(element("b", {}, this.mode.name), scale.isEmpty ? element("span", {}, "nothing is known") : element("span", { class: "ramped" },
      element("small", {}, this.mode.text(scale.low)), ramp, element("small", {}, this.mode.text(scale.high))), scale.isLogarithmic ? element("small", {}, "logarithmic") : "");
  }

  // What is pressed

  listen() {
    const { view } = this, on = (id, act) => document.getElementById(id).addEventListener("click", act);
    on("fold", () => { view.setFolded(view.deeperThan(0)); view.fit(false); });
    on("unfold", () => { view.setFolded([]); view.fit(false); });
    on("smaller", () => view.zoom(1 / 1.3));
    on("larger", () => view.zoom(1.3));
    on("fit", () => view.fit());
    const dialog = document.getElementById("keys");
    document.getElementById("keys-list").append(...keys.flatMap(([key, what]) => [element("dt", {}, key.split(" ").map((part) => element("kbd", {}, part))), element("dd", {}, what)]));
    on("help", () => dialog.showModal());
    new Splitter(document.getElementById("split"), () => view.apply());
    addEventListener("resize", () => view.apply());
    document.addEventListener("keydown", (event) => this.press(event, dialog));
  }

  press(event, dialog) {
    const isTyping = event.target.matches?.("input:not([type=range]):not([type=checkbox]), select, textarea");
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping || dialog.open) return;
    const { view } = this, passes = this.panes.find(({ key }) => key === "passes");
    const step = (change) => { this.open("passes"); this.model.loadTexts().then(() => passes.pane.go(passes.pane.frame + change)); };
    const acts = {
      "/": () => this.finder.input.focus(), "?": () => dialog.showModal(), "+": () => view.zoom(1.3), "=": () => view.zoom(1.3), "-": () => view.zoom(1 / 1.3), f: () => view.fit(),
      t: () => this.theme.next(), m: () => this.panes.find(({ key }) => key === "text").pane.step(1), M: () => this.panes.find(({ key }) => key === "text").pane.step(-1),
      "[": () => step(-1), "]": () => step(1), Escape: () => this.setChoice(null),
    };
    this.panes.forEach(({ key }, index) => { acts[index + 1] = () => this.open(key); });
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

const model = new Model(JSON.parse(document.getElementById("overview").textContent));
const page = new Page(model);
page.start();
// Ready is when the first drawing is done; texts are unpacked when nothing else is to be done.
requestAnimationFrame(() => requestAnimationFrame(() => {
  document.documentElement.dataset.ready = performance.now().toFixed(1);
  whenIdle(() => model.loadTexts());
  page.view.layouts.prepare();
}));
