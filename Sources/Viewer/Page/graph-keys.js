// The graph by keyboard: along its edges, into blocks, and where one looks.

/** All keys with what they do, for the dialog too. */
const keys = [
  ["↓ ↑", "To the layer that reads this one, to the one that it reads"],
  ["← →", "To what lies left or right of it"],
  ["Enter", "Chooses a layer or block: the panel tells of it"],
  ["Space", "Folds or unfolds a block; chooses a layer"],
  ["Shift ↑", "To the block around it"],
  ["Shift ↓", "Into an unfolded block"],
  ["Home End", "To the first and the last layer"],
  ["/", "Finds a layer"],
  ["+ − f", "Zooms in, out, shows the whole graph"],
  ["Ctrl wheel", "Zooms where the pointer is; the wheel alone moves"],
  ["1 … 7", "The tabs of the panel"],
  ["[ ]", "The pass before, the next pass"],
  ["m", "To the next mark of a text; Shift m to the one before"],
  ["t", "Light, dark, or as the system has it"],
  ["Esc", "Chooses nothing"],
  ["?", "This list"],
];

class GraphKeys {
  constructor(view) {
    this.view = view;
    view.svg.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.press(event)) event.preventDefault();
    });
  }

  press(event) {
    const { view } = this;
    const id = view.idOf(event.target) ?? view.focused;
    if (id === null) return false;
    switch (event.key) {
      case "Enter": view.choose({ id }); return true;
      case " ":
        if (id < 0) view.toggle(-1 - id); else view.choose({ id });
        return true;
      case "ArrowDown": return event.shiftKey ? this.goInto(id) : this.goAlong(id, 1);
      case "ArrowUp": return event.shiftKey ? this.goOut(id) : this.goAlong(id, -1);
      case "ArrowLeft": return this.goBeside(id, -1);
      case "ArrowRight": return this.goBeside(id, 1);
      case "Home": return this.goTo(this.ends()[0]);
      case "End": return this.goTo(this.ends().at(-1));
      default: return false;
    }
  }

  goTo(id) {
    if (id === undefined || id === null) return true;
    this.view.focus(id);
    return true;
  }

  /** What is drawn as a box, from top to bottom. */
  ends() {
    return [...this.view.elements].filter(([id, entry]) => id >= 0 || entry.isFolded)
      .sort(([, a], [, b]) => a.frame.y - b.frame.y || a.frame.x - b.frame.x).map(([id]) => id);
  }

  boxesOf(id) { return id >= 0 ? [id] : this.view.model.boxesOfBlock[-1 - id]; }

  /** Along an edge: of several to the one that lies straight below or above. */
  goAlong(id, direction) {
    const { model, elements } = this.view;
    if (id < 0 && !elements.get(id).isFolded && direction > 0) return this.goInto(id);
    const own = new Set(this.boxesOf(id));
    const found = new Set();
    for (const box of own) {
      for (const next of direction > 0 ? model.readers[box] : model.sources[box]) if (!own.has(next)) found.add(this.view.drawnAs(next));
    }
    return this.goTo(this.nearest([...found], id, (frame, from) => Math.abs(middle(frame) - middle(from)) + Math.abs(frame.y - from.y) * 0.05));
  }

  goBeside(id, direction) {
    const from = this.view.elements.get(id).frame;
    const beside = this.ends().filter((other) => {
      const { frame } = this.view.elements.get(other);
      return other !== id && (middle(frame) - middle(from)) * direction > 4 && frame.y < from.y + from.height + 60 && frame.y + frame.height > from.y - 60;
    });
    return this.goTo(this.nearest(beside, id, (frame, own) => Math.abs(middle(frame) - middle(own)) + 2 * Math.abs(frame.y - own.y)));
  }

  goOut(id) {
    const { model } = this.view;
    const block = id >= 0 ? model.boxes[id].block : model.blocks[-1 - id].parent;
    return block ? this.goTo(-1 - block) : true;
  }

  goInto(id) {
    if (id >= 0 || this.view.elements.get(id).isFolded) return true;
    const within = this.view.model.blocks[-1 - id].children.filter((child) => this.view.elements.has(child));
    return this.goTo(within.sort((a, b) => this.view.elements.get(a).frame.y - this.view.elements.get(b).frame.y)[0]);
  }

  nearest(ids, from, distance) {
    const own = this.view.elements.get(from).frame;
    let best = null, least = Infinity;
    for (const id of ids) {
      const far = distance(this.view.elements.get(id).frame, own);
      if (far < least) [best, least] = [id, far];
    }
    return best;
  }
}

const middle = (frame) => frame.x + frame.width / 2;
