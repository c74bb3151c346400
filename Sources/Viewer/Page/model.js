// The network as the page was given it, with what follows from it: who reads whom, what belongs to which box, what became of nodes.

class Model {
  constructor(overview) {
    Object.assign(this, overview);
    this.layerOfNode = new Map(this.layers.map((layer) => [layer.node, layer]));
    const { boxes, blocks, edges } = this.drawing;
    this.boxes = boxes;
    this.blocks = blocks;
    this.readers = boxes.map(() => []);
    this.sources = boxes.map(() => []);
    for (const [from, to] of edges) {
      this.readers[from].push(to);
      this.sources[to].push(from);
    }
    this.boxOfNode = new Map();
    boxes.forEach((box, index) => {
      for (const strip of box.strips) {
        // An output stands for the node of a layer, which is drawn before it.
        if (strip.node !== undefined && !this.boxOfNode.has(strip.node)) this.boxOfNode.set(strip.node, index);
      }
    });
    this.depth = [];
    this.boxesOfBlock = blocks.map(() => []);
    blocks.forEach((block, index) => { this.depth[index] = block.parent === undefined ? 0 : this.depth[block.parent] + 1; });
    boxes.forEach((box, index) => { for (const block of this.around(box.block)) this.boxesOfBlock[block].push(index); });
    this.signalOfNode = new Map(this.signals.layers.map((signal) => [signal.node, signal]));
    this.texts = null;
  }

  /** A block and those around it, from the inside out. */
  around(block) {
    const found = [];
    for (let at = block; at !== undefined; at = this.blocks[at].parent) found.push(at);
    return found;
  }

  /** The nodes of boxes; what an output shows is the layer's. */
  nodesOf(boxes) {
    const nodes = new Set();
    for (const box of boxes) {
      for (const strip of this.boxes[box].strips) {
        if (strip.node !== undefined && strip.kind !== "output") nodes.add(strip.node);
      }
    }
    return nodes;
  }

  layersOf(nodes) { return [...nodes].sort((a, b) => a - b).map((node) => this.layerOfNode.get(node)).filter(Boolean); }

  nameOf(node) {
    const layer = this.layerOfNode.get(node);
    return layer ? layer.label || layer.summary || layer.operation : `%${node}`;
  }

  /** What a block is called. */
  blockName(block) { return this.blocks[block].label || this.network; }

  /** Reads the texts of all stages; they are compressed, and needed first where somebody looks at them. */
  loadTexts() {
    this.loading ??= (async () => {
      const packed = atob(document.getElementById("texts").textContent);
      const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      this.setTexts(JSON.parse(await new Response(stream).text()));
    })();
    return this.loading;
  }

  setTexts(texts) {
    this.texts = texts;
    // What each node becomes in the next graph.
    this.results = texts.passes.map((pass, index) => {
      if (index === 0) return [];
      const results = Array.from({ length: texts.passes[index - 1].nodeCount }, () => []);
      pass.origins.forEach((origins, node) => { for (const origin of origins) results[origin].push(node); });
      return results;
    });
    this.last = texts.passes.length - 1;
    this.stepsOfNode = new Map();
    this.plan.steps.forEach((step, index) => {
      for (const node of [...step.nodes, ...step.within]) {
        if (!this.stepsOfNode.has(node)) this.stepsOfNode.set(node, []);
        this.stepsOfNode.get(node).push(index);
      }
    });
  }

  /** What becomes of nodes of the first graph: a set for each graph. */
  traced(nodes) {
    const graphs = [new Set(nodes)];
    for (let pass = 1; pass < this.texts.passes.length; pass++) {
      const next = new Set();
      for (const node of graphs[pass - 1]) for (const result of this.results[pass][node] ?? []) next.add(result);
      graphs.push(next);
    }
    return graphs;
  }

  /** The nodes of the first graph that nodes of a later one come from. */
  origins(nodes, pass) {
    let at = new Set(nodes);
    for (; pass > 0; pass--) {
      const before = new Set();
      for (const node of at) for (const origin of this.texts.passes[pass].origins[node] ?? []) before.add(origin);
      at = before;
    }
    return at;
  }

  /** The boxes of nodes of a graph. */
  boxesOf(nodes, pass) {
    const boxes = new Set();
    for (const node of this.origins(nodes, pass)) {
      const box = this.boxOfNode.get(node);
      if (box !== undefined) boxes.add(box);
    }
    return boxes;
  }

  /** The steps of the plan that compute something of nodes of the first graph. */
  stepsOf(nodes) {
    const steps = new Set();
    for (const node of this.traced(nodes)[this.last]) for (const step of this.stepsOfNode.get(node) ?? []) steps.add(step);
    return [...steps].sort((a, b) => a - b);
  }

  /** The boxes that a step of the plan computes something of. */
  boxesOfStep(step) { return this.boxesOf([...this.plan.steps[step].nodes, ...this.plan.steps[step].within], this.last); }
}
