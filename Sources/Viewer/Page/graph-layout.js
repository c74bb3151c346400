// Where boxes and blocks are drawn. A block is laid out by itself and then is one node of the block around it, with ports in its borders for
// what enters and leaves; a folded one is a box. What is not changed by folding is not laid out again.

const titleFont = "600 12.5px system-ui, sans-serif";
const stripFont = "11px system-ui, sans-serif";
const labelFont = "10.5px system-ui, sans-serif";
const blockFont = "600 11.5px system-ui, sans-serif";
const boxPadding = 10;
const titleHeight = 22;
const stripHeight = 15;
const footHeight = 17;
const blockPadding = 14;
const blockHeader = 26;
const foldWidth = 22;
/** Of one block, layouts for so many ways of what is folded in it. */
const mostKept = 12;

class GraphLayout {
  constructor(model) {
    this.model = model;
    this.made = model.blocks.map(() => new Map());
    this.facts = model.blocks.map((_, block) => this.factsOf(block));
    this.boxSizes = model.boxes.map((box) => {
      const [first, ...others] = box.strips;
      const label = box.label ? textWidth(box.label, labelFont) + 16 : 0;
      const width = Math.max(textWidth(first.text, titleFont), ...others.map((strip) => textWidth(strip.text, stripFont)),
        label + textWidth(box.shape, labelFont));
      const foot = box.label || box.shape ? footHeight : 6;
      return { width: Math.max(64, Math.ceil(width) + 2 * boxPadding), height: titleHeight + stripHeight * others.length + foot };
    });
    this.foldedSizes = model.blocks.map((block, index) => {
      const width = Math.max(textWidth(block.title, titleFont) + foldWidth, textWidth(this.facts[index], labelFont));
      return { width: Math.ceil(width) + 2 * boxPadding, height: titleHeight + footHeight + 2 };
    });
    this.arcs = this.arcsOfBlocks();
    this.inner = model.blocks.map(() => []);
    model.blocks.forEach((block, index) => { if (block.parent !== undefined) this.inner[block.parent].push(index); });
  }

  /** What a folded block tells: its layers, its parameters. */
  factsOf(block) {
    const layers = this.model.layersOf(this.model.nodesOf(this.model.boxesOfBlock[block]));
    const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
    return counted(layers.length, "layer") + (parameters ? `, ${scaled(parameters)} parameters` : "");
  }

  /** What happens right in each block: which child, or port of a value, leads to which. */
  arcsOfBlocks() {
    const { blocks, boxes, drawing } = this.model;
    const arcs = blocks.map(() => new Map());
    const depth = this.model.depth;
    for (const [source, target] of drawing.edges) {
      const add = (block, from, to) => {
        const key = `${from} ${to} ${source}`;
        if (!arcs[block].has(key)) arcs[block].set(key, { from, to, value: source, readers: [] });
        arcs[block].get(key).readers.push(target);
      };
      let from = source, to = target, a = boxes[source].block, b = boxes[target].block;
      while (a !== b) {
        if (depth[a] >= depth[b]) {
          add(a, from, "exit");
          [from, a] = [-1 - a, blocks[a].parent];
        } else {
          add(b, "entry", to);
          [to, b] = [-1 - b, blocks[b].parent];
        }
      }
      add(a, from, to);
    }
    return arcs.map((map) => [...map.values()]);
  }

  /** Frames and lines for the blocks that are folded. */
  layout(folded) {
    const root = this.interior(0, folded);
    const result = { boxes: new Map(), blocks: new Map(), lines: [], width: root.width, height: root.height };
    const place = (made, left, top) => {
      for (const line of made.lines) result.lines.push({ ...line, points: line.points.map(([x, y]) => [x + left, y + top]) });
      for (const child of made.children) {
        const frame = { x: child.x + left, y: child.y + top, width: child.width, height: child.height };
        if (child.id >= 0) {
          result.boxes.set(child.id, frame);
        } else {
          result.blocks.set(-1 - child.id, { ...frame, isFolded: !child.interior });
          if (child.interior) place(child.interior, frame.x, frame.y);
        }
      }
    };
    place(root, 0, 0);
    return result;
  }

  /** Lays out blocks as they are when all is unfolded, the inner ones first, while nothing else is to be done. */
  prepare(block = this.made.length - 1) {
    if (block < 1) return;
    whenIdle((deadline) => {
      do this.interior(block--, new Set()); while (block > 0 && (deadline?.timeRemaining?.() ?? 0) > 8);
      this.prepare(block);
    });
  }

  keyOf(block, folded) { return this.inner[block].map((inner) => folded.has(inner) ? "f" : `(${this.keyOf(inner, folded)})`).join(""); }

  interior(block, folded) {
    const key = this.keyOf(block, folded), known = this.made[block];
    let made = known.get(key);
    if (!made) {
      if (known.size >= mostKept) known.delete(known.keys().next().value);
      made = this.layOut(block, folded);
      known.set(key, made);
    }
    return made;
  }

  layOut(block, folded) {
    const nodes = [], ids = [], numbers = new Map();
    const number = (id, make) => {
      if (!numbers.has(id)) {
        numbers.set(id, nodes.length);
        nodes.push(make());
        ids.push(id);
      }
      return numbers.get(id);
    };
    const child = (id) => number(id, () => {
      if (id >= 0) return { ...this.boxSizes[id] };
      const inner = -1 - id;
      if (folded.has(inner)) return { ...this.foldedSizes[inner] };
      const interior = this.interior(inner, folded);
      return { width: interior.width, height: interior.height, interior };
    });
    for (const id of this.model.blocks[block].children) child(id);
    const edges = new Map();
    for (const arc of this.arcs[block]) {
      const from = arc.from === "entry" ? number(`entry ${arc.value}`, () => ({ width: laneWidth, height: 0, row: "first" })) : child(arc.from);
      const to = arc.to === "exit" ? number(`exit ${arc.value}`, () => ({ width: laneWidth, height: 0, row: "last" })) : child(arc.to);
      const port = (node, ports) => nodes[node].interior ? nodes[node].interior[ports].get(arc.value) - nodes[node].width / 2 : 0;
      const edge = { from, to, fromOffset: port(from, "exits"), toOffset: port(to, "entries"), value: arc.value, target: arc.to };
      // Several values between two boxes are one line.
      const key = `${from} ${to} ${edge.fromOffset} ${edge.toOffset}`;
      if (!edges.has(key)) edges.set(key, { ...edge, ways: [] });
      for (const reader of arc.readers) edges.get(key).ways.push([arc.value, reader]);
    }
    const list = [...edges.values()];
    const made = layeredLayout(nodes, list);
    alignExit(nodes, ids, list, made);
    spreadEnds(nodes, list, made);
    // Ports have rows of their own, whose gaps are room enough.
    const has = (row) => nodes.some((node) => node.row === row);
    const [left, top, bottom] = block === 0 ? [0, 0, 0] : [blockPadding, has("first") ? 4 : blockHeader, has("last") ? -8 : blockPadding];
    const entries = new Map(), exits = new Map(), children = [];
    ids.forEach((id, index) => {
      const x = made.x[index] + left;
      if (typeof id === "string") {
        const [kind, value] = id.split(" ");
        (kind === "entry" ? entries : exits).set(Number(value), x);
      } else {
        const { width, height, interior } = nodes[index];
        children.push({ id, x: x - width / 2, y: made.y[index] + top, width, height, interior });
      }
    });
    const width = Math.ceil(made.width) + 2 * left;
    const height = made.height + top + bottom;
    const room = block === 0 ? 0 : textWidth(this.model.blocks[block].title, blockFont) + foldWidth + 2 * blockPadding;
    const lines = list.map((edge, index) => {
      const points = made.routes[index].map(([x, y]) => [x + left, y + top]);
      if (typeof ids[edge.from] === "string") points[0][1] = 0;
      if (typeof ids[edge.to] === "string") points.at(-1)[1] = height;
      return { points, ways: edge.ways, isEnd: typeof ids[edge.to] !== "string" && !nodes[edge.to].interior };
    });
    return { width: Math.max(width, Math.ceil(room)), height, children, lines, entries, exits };
  }
}

/** What leaves a block leaves it below where it came in, so that blocks stand below each other. */
function alignExit(nodes, ids, edges, made) {
  const ports = (row) => ids.flatMap((_, index) => nodes[index].row === row ? [index] : []);
  const [entries, exits] = [ports("first"), ports("last")];
  if (entries.length !== 1 || exits.length !== 1) return;
  made.x[exits[0]] = made.x[entries[0]];
  edges.forEach((edge, index) => { if (edge.to === exits[0]) made.routes[index].at(-1)[0] = made.x[exits[0]]; });
}

/** Lines that end at, or begin from, one box stand side by side in its border, in the order in which they come. */
function spreadEnds(nodes, edges, made) {
  const ends = new Map();
  edges.forEach((edge, index) => {
    if (nodes[edge.to].interior || nodes[edge.to].row) return;
    if (!ends.has(edge.to)) ends.set(edge.to, []);
    ends.get(edge.to).push(index);
  });
  for (const [node, list] of ends) {
    if (list.length < 2) continue;
    const before = (index) => made.routes[index].at(-2)[0];
    list.sort((a, b) => before(a) - before(b));
    const span = Math.min(nodes[node].width - 24, 18 * (list.length - 1));
    list.forEach((index, place) => { made.routes[index].at(-1)[0] += span * (place / (list.length - 1) - 0.5); });
  }
}

/** A line as a path: straight where it goes down, curved between rows. */
function pathOf(points) {
  let path = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (let index = 1; index < points.length; index++) {
    const [x, y] = points[index], [fromX, fromY] = points[index - 1];
    if (Math.abs(x - fromX) < 0.5) {
      path += `V${y.toFixed(1)}`;
    } else {
      const bend = Math.min(40, Math.max(12, Math.abs(y - fromY) / 2));
      path += `C${fromX.toFixed(1)} ${(fromY + bend).toFixed(1)} ${x.toFixed(1)} ${(y - bend).toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)}`;
    }
  }
  return path;
}
