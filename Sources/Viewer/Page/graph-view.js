// The graph as it is drawn: boxes, blocks and lines as SVG, with zoom, a map, colours, what is chosen and what a film lights up.

const zoomLimits = [0.01, 3];
/** Where the graph is smaller than that, nothing can be read. */
const farthest = 0.16;
/** More boxes than that are folded before anybody asks. */
const mostAtFirst = 45;

class GraphView {
  /** choose: called with {boxes, node, block} of what is clicked. */
  constructor(model, choose) {
    this.model = model;
    this.choose = choose;
    this.svg = document.getElementById("canvas");
    this.world = svg("g", { class: "world" });
    this.svg.append(
      svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" },
        svg("path", { d: "M0 0.5L8 4L0 7.5z" }))), this.world);
    this.map = new GraphMap(this);
    this.layouts = new GraphLayout(model);
    this.view = { x: 0, y: 0, scale: 1 };
    this.chosen = new Set();
    this.film = null;
    this.mode = { key: "kind" };
    this.focused = null;
    this.folded = this.firstFolding();
    // Asking the browser for a size makes it lay out all that is new; it says by itself when the size changes.
    this.size = this.svg.getBoundingClientRect();
    new ResizeObserver(() => {
      this.size = this.svg.getBoundingClientRect();
      this.apply();
    }).observe(this.svg);
    this.listen();
  }

  /** Blocks are unfolded level by level as long as what is seen can be taken in. */
  firstFolding() {
    const { blocks, depth } = this.model;
    for (let level = Math.max(0, ...depth); level > 0; level--) {
      const seen = blocks.reduce((sum, block, index) => depth[index] > level ? sum
        : sum + block.children.filter((child) => child >= 0 || depth[-1 - child] > level).length, 0);
      if (seen <= mostAtFirst) return this.deeperThan(level);
    }
    return this.deeperThan(0);
  }

  deeperThan(level) { return new Set(this.model.depth.flatMap((depth, block) => depth > level ? [block] : [])); }

  /** What a box is drawn as: its own id, or that of the outermost folded block around it (from -1 down). */
  drawnAs(box) {
    let drawn = box;
    for (const block of this.model.around(this.model.boxes[box].block)) if (this.folded.has(block)) drawn = -1 - block;
    return drawn;
  }

  draw() {
    const frames = this.layouts.layout(this.folded);
    this.frames = frames;
    this.elements = new Map();
    const blocks = [], heads = [], boxes = [];
    for (const [index, frame] of frames.blocks) (frame.isFolded ? boxes : blocks).push(this.blockElement(index, frame));
    for (const [index, frame] of frames.blocks) if (!frame.isFolded) heads.push(this.blockHead(index, frame));
    for (const [index, frame] of frames.boxes) boxes.push(this.boxElement(index, frame));
    this.lines = frames.lines.map((line) => ({
      line, element: svg("path", { class: "line", d: pathOf(line.points), "marker-end": line.isEnd ? "url(#arrow)" : null }),
    }));
    this.world.replaceChildren(
      svg("g", { class: "blocks" }, blocks), svg("g", { class: "lines" }, this.lines.map(({ element }) => element)),
      svg("g", { class: "heads", "aria-hidden": "true" }, heads), svg("g", { class: "boxes" }, boxes));
    this.paint();
    this.markChosen();
    this.showFilm(this.film);
    this.fillDetails();
    this.setFocusable(this.focused !== null && this.elements.has(this.focused) ? this.focused : this.firstId());
  }

  firstId() {
    let first = null;
    for (const [id, { frame }] of this.elements) if (first === null || frame.y < this.elements.get(first).frame.y) first = id;
    return first;
  }

  chevron(x, y, isFolded) {
    return svg("g", { class: "chevron", transform: `translate(${x} ${y})` }, svg("rect", { x: -9, y: -9, width: 18, height: 18, rx: 4 }),
      svg("path", { d: isFolded ? "M-3 -5L3 0L-3 5" : "M-5 -3L0 3L5 -3" }));
  }

  blockElement(index, frame) {
    const block = this.model.blocks[index];
    const facts = this.layouts.facts[index];
    const { width, height } = frame;
    const made = svg("g", {
      class: frame.isFolded ? "box is-block" : "block", transform: `translate(${frame.x} ${frame.y})`, "data-block": index, tabindex: -1,
      role: "button", "aria-expanded": String(!frame.isFolded), "aria-label": `Block ${this.model.blockName(index)}, ${facts}`,
    });
    if (frame.isFolded) {
      made.append(svg("rect", { class: "behind", x: 4, y: 4, width, height, rx: 7 }), svg("rect", { class: "card", width, height, rx: 7 }));
    } else {
      made.append(svg("rect", { class: "frame", width, height, rx: 10 }));
    }
    this.elements.set(-1 - index, {
      element: made, frame, nodes: this.model.nodesOf(this.model.boxesOfBlock[index]), isFolded: frame.isFolded,
      details: frame.isFolded ? () => [
        svg("rect", { class: "stripe block-kind", x: 0, y: 7, width: 3, height: height - 14 }), this.chevron(16, 13, true),
        svg("text", { class: "title", x: foldWidth + 6, y: 17 }, block.title), svg("text", { class: "foot", x: boxPadding, y: height - 7 }, facts),
      ] : null,
    });
    return made;
  }

  /** The title of a block that is unfolded, above the lines that come in. */
  blockHead(index, frame) {
    return svg("g", { class: "head", transform: `translate(${frame.x} ${frame.y})`, "data-block": index }, this.chevron(blockPadding + 4, 13, false),
      svg("text", { class: "block-title", x: blockPadding + 18, y: 17 }, this.model.blocks[index].title));
  }

  boxElement(index, frame) {
    const box = this.model.boxes[index];
    const { width, height } = frame;
    const made = svg("g", {
      class: `box is-${box.strips[0].kind}`, transform: `translate(${frame.x} ${frame.y})`, "data-box": index, tabindex: -1, role: "button",
      "aria-label": [box.label, box.strips.map((strip) => strip.text).join(", "), box.shape, this.model.drawing.kinds[box.strips[0].kind]].filter(Boolean).join(", "),
    }, svg("rect", { class: "card", width, height, rx: 7 }));
    this.elements.set(index, { element: made, frame, nodes: this.model.nodesOf([index]), isFolded: false, details: () => this.boxDetails(box, frame) });
    return made;
  }

  /** What is read in a box: its lines, each with a bar in the colour of its kind, its label and shape. */
  boxDetails(box, { width, height }) {
    const texts = [], bars = [];
    let y = 0;
    box.strips.forEach((strip, place) => {
      const tall = place === 0 ? titleHeight : stripHeight;
      const [top, bottom] = [place === 0 ? 7 : y, place === box.strips.length - 1 ? height - 7 : y + tall];
      bars.push(svg("rect", { class: `stripe ${strip.kind}-kind`, x: 0, y: top, width: 3, height: Math.max(2, bottom - top) }));
      texts.push(svg("text", {
        class: place === 0 ? "title" : "strip", "data-node": strip.node, x: boxPadding, y: y + (place === 0 ? 16 : 11),
      }, strip.text));
      y += tall;
    });
    if (box.label) texts.push(svg("text", { class: "foot label", x: boxPadding, y: height - 6 }, box.label));
    return [...texts, ...bars, svg("text", { class: "foot", x: width - boxPadding, y: height - 6, "text-anchor": "end" }, box.shape)];
  }

  /** Texts are made where somebody can read them: laying them out is what takes time in a large graph. */
  fillDetails() {
    const { x, y, scale } = this.view, { width, height } = this.size;
    if (scale < farthest) return;
    const margin = 200;
    for (const entry of this.elements.values()) {
      if (!entry.details) continue;
      const { frame } = entry;
      if ((frame.x + frame.width) * scale + x < -margin || frame.x * scale + x > width + margin || (frame.y + frame.height) * scale + y < -margin
        || frame.y * scale + y > height + margin) continue;
      entry.element.querySelector(".card").after(...entry.details());
      entry.details = null;
    }
  }

  // What it looks like

  setMode(mode) {
    this.mode = mode;
    this.paint();
  }

  /** Colours cards by the mode; of a folded block by what all its layers have together. */
  paint() {
    const { mode } = this;
    const valueOf = (nodes) => mode.join([...nodes].map(mode.value).filter((value) => value !== undefined));
    this.scale = null;
    this.svg.classList.toggle("valued", Boolean(mode.value));
    const values = new Map();
    if (mode.value) {
      for (const [id, entry] of this.elements) if (id >= 0 || entry.isFolded) values.set(id, valueOf(entry.nodes));
      this.scale = new Scale([...values.values()].filter((value) => value !== undefined), Boolean(mode.isLogarithmic));
    }
    for (const [id, entry] of this.elements) {
      if (id < 0 && !entry.isFolded) continue;
      const value = values.get(id), { element } = entry;
      const color = value === undefined ? null : viridisColor(this.scale.share(value));
      if (!color && !entry.color) continue;
      entry.color = color && cssColor(color);
      element.style.setProperty("--card", entry.color ?? "");
      element.style.setProperty("--ink-on", color ? inkOn(color) : "");
      element.classList.toggle("has-value", Boolean(color));
      element.querySelector(".value")?.remove();
      if (color) element.append(svg("title", { class: "value" }, `${mode.name}: ${mode.text(value)}`));
    }
    this.map.draw();
  }

  markChosen() {
    const drawn = new Set([...this.chosen].map((box) => this.drawnAs(box)));
    for (const [id, { element }] of this.elements) {
      const isChosen = drawn.has(id) || id === this.chosenBlock;
      element.classList.toggle("chosen", isChosen);
      if (isChosen) element.setAttribute("aria-current", "true"); else element.removeAttribute("aria-current");
    }
    for (const { line, element } of this.lines) {
      element.classList.toggle("out", line.ways.some(([value, reader]) => this.chosen.has(value) && !this.chosen.has(reader)));
      element.classList.toggle("in", line.ways.some(([value, reader]) => this.chosen.has(reader) && !this.chosen.has(value)));
    }
  }

  /** Shows boxes as chosen; `block` is the block that they are all of, from -1 down. */
  setChosen(boxes, block = null) {
    this.chosen = new Set(boxes);
    this.chosenBlock = block;
    this.markChosen();
    this.map.draw();
  }

  /** Lights up what a pass changes: film has sets of boxes `lit` and `gone`, and the number of nodes that each box stands for. */
  showFilm(film) {
    this.film = film;
    this.svg.classList.toggle("film", Boolean(film));
    const drawn = (boxes) => new Set([...boxes].map((box) => this.drawnAs(box)));
    const [lit, gone] = film ? [drawn(film.lit), drawn(film.gone)] : [new Set(), new Set()];
    const counts = new Map();
    for (const [box, count] of film?.counts ?? []) counts.set(this.drawnAs(box), (counts.get(this.drawnAs(box)) ?? 0) + count);
    for (const [id, { element, frame, isFolded }] of this.elements) {
      element.classList.toggle("lit", lit.has(id));
      element.classList.toggle("gone", gone.has(id) && !counts.get(id));
      element.querySelector(".count")?.remove();
      if (!film || !counts.has(id) || id < 0 && !isFolded) continue;
      const text = String(counts.get(id));
      const width = 10 + 7 * text.length;
      element.append(svg("g", { class: "count", transform: `translate(${frame.width - width / 2 - 2} 0)`, "aria-hidden": "true" },
        svg("rect", { x: -width / 2, y: -8, width, height: 16, rx: 8 }), svg("text", { y: 4, "text-anchor": "middle" }, text)));
    }
  }

  // Folding

  setFolded(blocks) {
    this.folded = new Set(blocks);
    this.draw();
  }

  /** Folds or unfolds a block, which stays where it is seen. */
  toggle(block) {
    const before = this.elements.get(-1 - block)?.frame;
    if (this.folded.has(block)) this.folded.delete(block); else this.folded.add(block);
    const hadFocus = this.svg.contains(document.activeElement);
    this.draw();
    const after = this.elements.get(-1 - block)?.frame;
    if (before && after) {
      this.view.x += (before.x - after.x) * this.view.scale;
      this.view.y += (before.y - after.y) * this.view.scale;
      if (before.width !== after.width) this.view.x += (before.width - after.width) / 2 * this.view.scale;
    }
    this.apply();
    if (hadFocus) this.focus(-1 - block);
  }

  /** Unfolds what hides boxes. */
  reveal(boxes) {
    let isHidden = false;
    for (const box of boxes) {
      for (const block of this.model.around(this.model.boxes[box].block)) isHidden = this.folded.delete(block) || isHidden;
    }
    if (isHidden) this.draw();
  }

  // Where one looks

  apply() {
    if (this.isPending) return;
    this.isPending = true;
    requestAnimationFrame(() => {
      this.isPending = false;
      const { x, y, scale } = this.view;
      this.world.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${scale.toFixed(4)})`);
      this.svg.classList.toggle("far", scale < 0.4);
      this.svg.classList.toggle("farthest", scale < farthest);
      this.fillDetails();
      document.getElementById("zoom").value = `${Math.round(scale * 100)} %`;
      this.map.draw();
    });
  }

  zoom(factor, at) {
    const { width, height } = this.size;
    const [x, y] = at ?? [width / 2, height / 2];
    const scale = Math.max(zoomLimits[0], Math.min(zoomLimits[1], this.view.scale * factor));
    const change = scale / this.view.scale;
    this.view = { x: x - (x - this.view.x) * change, y: y - (y - this.view.y) * change, scale };
    this.apply();
  }

  pan(x, y) {
    this.view.x += x;
    this.view.y += y;
    this.apply();
  }

  /** The whole graph, or at first its width from the top. */
  fit(isWhole = true) {
    const { width, height } = this.size;
    const margin = 36, top = 64;
    const across = (width - 2 * margin) / this.frames.width, down = (height - top - margin) / this.frames.height;
    const scale = Math.max(zoomLimits[0], Math.min(1, isWhole ? Math.min(across, down) : Math.max(across, 0.6)));
    this.view = { scale, x: (width - this.frames.width * scale) / 2, y: top };
    if (this.frames.width * scale > width && !isWhole) this.view.x = width / 2 - this.topMiddle() * scale;
    this.apply();
  }

  /** The middle of the topmost thing. */
  topMiddle() {
    const { frame } = this.elements.get(this.firstId());
    return frame.x + frame.width / 2;
  }

  /** Brings a box or block into sight. */
  show(id, isCentred = false) {
    const frame = this.elements.get(id)?.frame;
    if (!frame) return;
    const { width, height } = this.size;
    const { x, y, scale } = this.view;
    const left = frame.x * scale + x, top = frame.y * scale + y, right = left + frame.width * scale, bottom = top + Math.min(frame.height * scale, height);
    const [marginX, marginY] = [40, 64];
    if (isCentred || left < marginX && right < marginX || right > width - 20 || top < marginY || bottom > height - 20) {
      if (isCentred || left < 0 || right > width) this.view.x = width / 2 - (frame.x + frame.width / 2) * scale;
      if (isCentred || top < marginY || bottom > height - 20) {
        this.view.y = Math.max(marginY, height / 2 - frame.height * scale / 2) - frame.y * scale;
      }
      this.apply();
    }
  }

  // What is pointed at

  setFocusable(id) {
    this.elements.get(this.focused)?.element.setAttribute("tabindex", "-1");
    this.focused = id;
    this.elements.get(id)?.element.setAttribute("tabindex", "0");
  }

  focus(id) {
    if (!this.elements.has(id)) return;
    this.setFocusable(id);
    this.elements.get(id).element.focus({ preventScroll: true });
    this.show(id);
  }

  idOf(target) {
    const found = target.closest?.("[data-box], [data-block]");
    if (!found) return null;
    return found.dataset.box !== undefined ? Number(found.dataset.box) : -1 - Number(found.dataset.block);
  }

  listen() {
    let drag = null;
    this.svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const frame = this.size;
      if (event.ctrlKey || event.metaKey) {
        this.zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.01), [event.clientX - frame.left, event.clientY - frame.top]);
      } else {
        const unit = event.deltaMode === 1 ? 18 : 1;
        this.pan(-(event.shiftKey ? event.deltaY : event.deltaX) * unit, -(event.shiftKey ? 0 : event.deltaY) * unit);
      }
    }, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, hasMoved: false };
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.hasMoved && Math.hypot(x, y) < 4) return;
      if (!drag.hasMoved) this.svg.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, y: event.clientY, hasMoved: true };
      this.svg.classList.add("dragged");
      this.pan(x, y);
    });
    const end = () => {
      this.svg.classList.remove("dragged");
      this.wasDragged = drag?.hasMoved ?? false;
      drag = null;
    };
    this.svg.addEventListener("pointerup", end);
    this.svg.addEventListener("pointercancel", end);
    this.svg.addEventListener("click", (event) => {
      if (this.wasDragged) return;
      const id = this.idOf(event.target);
      if (id === null) return this.choose(null);
      this.setFocusable(id);
      if (id < 0 && event.target.closest(".chevron")) return this.toggle(-1 - id);
      const node = event.target.dataset?.node;
      this.choose({ id, node: node === undefined ? undefined : Number(node) });
    });
    this.svg.addEventListener("dblclick", (event) => {
      const id = this.idOf(event.target);
      if (id !== null && id < 0 && !event.target.closest(".chevron")) this.toggle(-1 - id);
    });
    this.svg.addEventListener("focusin", (event) => {
      const id = this.idOf(event.target);
      if (id !== null) this.setFocusable(id);
    });
  }
}
