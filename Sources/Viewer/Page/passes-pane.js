// The passes as a film: a frame a graph, what each changed and by which rule, lit up in the drawing.

const frameMilliseconds = 1800;

const icons = { play: "M3 1L13 7L3 13z", pause: "M3 1H6V13H3zM8 1H11V13H8z", next: "M1 1L9 7L1 13zM10 1H13V13H10z", before: "M13 1L5 7L13 13zM1 1H4V13H1z" };
const icon = (path) => svg("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" }, svg("path", { d: path }));

class PassesPane {
  static key = "passes";
  static title = "Passes";

  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.frame = 0;
    const button = (label, path, act) => element("button", { type: "button", "aria-label": label, title: label, onclick: act }, icon(path));
    this.slider = element("input", { type: "range", min: 0, max: 1, value: 0, "aria-label": "Pass", oninput: () => this.go(Number(this.slider.value)) });
    this.play = button("Play", icons.play, () => this.toggle());
    this.stops = element("ol", { class: "stops" });
    this.own = element("input", { type: "checkbox", onchange: () => this.render() });
    this.ownLabel = element("label", { class: "check" }, this.own, " Only what is chosen");
    this.body = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "What the pass changes" });
    this.root = element("div", { class: "column" },
      element("div", { class: "pane-bar" }, button("The pass before", icons.before, () => this.go(this.frame - 1)), this.play, button("The next pass", icons.next, () => this.go(this.frame + 1)),
        this.slider, this.ownLabel),
      this.stops, this.body);
  }

  async show(choice) {
    const isOther = this.choice !== choice;
    this.choice = choice;
    await this.model.loadTexts();
    if (!this.isReady) this.prepare();
    this.own.disabled = !choice;
    if (!choice) this.own.checked = false;
    if (isOther && choice) this.own.checked = true;
    this.isShown = true;
    this.render();
  }

  hide() {
    this.isShown = false;
    this.stop();
    this.page.view.showFilm(null);
  }

  prepare() {
    this.isReady = true;
    const { passes } = this.model.texts;
    this.slider.max = passes.length - 1;
    this.stops.append(...passes.map((pass, index) => element("li", {},
      element("button", { type: "button", onclick: () => this.go(index) }, element("b", {}, pass.name), element("small", {}, grouped(pass.nodeCount))))));
    // What a box stands for is followed once, since frames are drawn often.
    this.boxOf = [];
    passes.forEach((pass, index) => {
      this.boxOf.push(Array.from({ length: pass.nodeCount }, (_, node) => {
        if (index === 0) return new Set(this.model.boxOfNode.has(node) ? [this.model.boxOfNode.get(node)] : []);
        const boxes = new Set();
        for (const origin of pass.origins[node]) for (const box of this.boxOf[index - 1][origin]) boxes.add(box);
        return boxes;
      }));
    });
  }

  go(frame) {
    const last = this.model.texts.passes.length - 1;
    this.frame = Math.max(0, Math.min(last, frame));
    this.render();
  }

  toggle() {
    if (this.timer) return this.stop();
    if (this.frame === this.model.texts.passes.length - 1) this.frame = 0;
    this.play.replaceChildren(icon(icons.pause));
    this.play.setAttribute("aria-label", "Pause");
    this.timer = setInterval(() => {
      this.go(this.frame + 1);
      if (this.frame === this.model.texts.passes.length - 1) this.stop();
    }, frameMilliseconds);
    this.render();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.replaceChildren(icon(icons.play));
    this.play.setAttribute("aria-label", "Play");
  }

  /** The boxes that a change is about: those of the nodes before and behind. */
  boxesOfChange(change) {
    const boxes = new Set();
    const add = (nodes, pass) => { for (const node of nodes) for (const box of this.boxOf[pass]?.[node] ?? []) boxes.add(box); };
    add(change.before, this.frame - 1);
    add(change.after, this.frame);
    return boxes;
  }

  render() {
    if (!this.isShown || !this.isReady) return;
    const { passes } = this.model.texts, pass = passes[this.frame];
    this.slider.value = this.frame;
    this.slider.setAttribute("aria-valuetext", pass.name);
    [...this.stops.children].forEach((stop, index) => {
      if (index === this.frame) stop.firstChild.setAttribute("aria-current", "step"); else stop.firstChild.removeAttribute("aria-current");
    });
    this.stops.children[this.frame].scrollIntoView({ block: "nearest", inline: "nearest" });
    const counts = new Map(), lit = new Set(), gone = new Set();
    this.boxOf[this.frame].forEach((boxes) => { for (const box of boxes) counts.set(box, (counts.get(box) ?? 0) + 1); });
    for (const change of pass.changes) {
      for (const box of this.boxesOfChange(change)) (change.after.length ? lit : gone).add(box);
    }
    this.page.view.showFilm({ lit, gone, counts });
    this.tell(pass, lit.size);
  }

  tell(pass, litCount) {
    const before = this.model.texts.passes[this.frame - 1];
    const chosen = this.own.checked && this.choice ? this.choice.boxes : null;
    const changes = pass.changes.filter((change) => !chosen || [...this.boxesOfChange(change)].some((box) => chosen.has(box)));
    const groups = new Map();
    for (const change of changes) {
      const rule = change.rules.join(", ") || (change.after.length ? change.decisions.length ? "decided" : "made anew" : "no longer needed");
      if (!groups.has(rule)) groups.set(rule, []);
      groups.get(rule).push(change);
    }
    const made = [
      element("h2", {}, this.frame === 0 ? "graph" : pass.name, element("small", {}, ` ${this.frame + 1} of ${this.model.texts.passes.length}`)),
      element("p", { class: "lead" }, pass.summary),
      before && element("p", { class: "hint" }, `${grouped(before.nodeCount)} nodes before, ${grouped(pass.nodeCount)} behind; ${litCount ? `it changes ${counted(litCount, "box")}`.replace("boxs", "boxes") : "it changes nothing that is drawn"}.`),
    ];
    for (const [rule, list] of groups) {
      made.push(element("h3", {}, element("code", {}, rule), element("small", {}, ` ${counted(list.length, "time")}`)), ...this.changes(list));
    }
    if (this.frame > 0 && !changes.length) made.push(element("p", {}, chosen ? "Nothing of what is chosen changes." : "Nothing changes."));
    this.body.replaceChildren(...made.filter(Boolean));
  }

  changes(list, shown = 12) {
    const made = list.slice(0, shown).map((change) => this.change(change));
    if (list.length > shown) {
      const more = element("button", {
        type: "button", onclick: () => more.replaceWith(...this.changes(list.slice(shown), 200)),
      }, `${grouped(list.length - shown)} more`);
      made.push(more);
    }
    return made;
  }

  change(change) {
    const { passes } = this.model.texts;
    const lines = (nodes, index, sign) => {
      const pass = passes[index];
      return nodes.slice(0, 12).map((node) => element("div", { class: sign }, pass.lines[pass.firstNode + node].trim()))
        .concat(nodes.length > 12 ? [element("div", { class: sign }, `… ${nodes.length - 12} more`)] : []);
    };
    const box = [...this.boxesOfChange(change)][0];
    return element("div", { class: "change" },
      box !== undefined && element("button", { type: "button", class: "link", onclick: () => this.page.chooseBoxes([box]) }, this.model.nameOf(this.model.boxes[box].strips[0].node)),
      change.decisions.length > 0 && element("p", {}, change.decisions.join("; ")),
      element("pre", {}, ...lines(change.before, this.frame - 1, "minus"), ...lines(change.after, this.frame, change.before.length ? "plus" : "same")));
  }
}
