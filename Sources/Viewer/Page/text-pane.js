// The text of every stage, with what belongs to the choice marked. A click on a line chooses what it belongs to.

class TextPane {
  static key = "text";
  static title = "Text";

  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.view = new TextView("Text of the stage", (line) => this.pick(line));
    this.select = element("select", { "aria-label": "Stage", onchange: () => this.update(true) });
    this.note = element("p", { class: "hint" });
    this.root = element("div", { class: "column" }, element("div", { class: "pane-bar" }, element("label", {}, "Stage ", this.select), this.view.bar), this.note, this.view.root);
  }

  /** The stages in the order of the road, once their texts are there. */
  async show(choice) {
    this.choice = choice;
    await this.model.loadTexts();
    if (!this.stages) {
      this.stages = this.allStages();
      let group = null;
      for (const stage of this.stages) {
        if (group?.label !== stage.group) {
          group = element("optgroup", { label: stage.group });
          this.select.append(group);
        }
        group.append(element("option", { value: stage.key }, stage.name));
      }
    }
    if (choice === this.choice) this.update(false);
  }

  setStage(key) {
    this.select.value = key;
    this.update(true);
  }

  allStages() {
    const { model } = this, { texts } = model;
    const { root, files, places } = model.source;
    // The file that was named first; of others those that something of the network stands in.
    const used = new Set(places.flat().map(([file]) => file)).add(root);
    const stages = files.map((file, index) => ({
      key: `file ${index}`, index, group: "Files", name: file.name, lines: () => file.lines, marks: (nodes) => this.marksOfFile(index, nodes),
      nodes: (line) => this.nodesOfFile(index, line),
    })).filter(({ index }) => used.has(index)).sort((a, b) => (a.index === root ? -1 : a.index) - (b.index === root ? -1 : b.index));
    if (texts.tokens) stages.push({ key: "tokens", group: "Language", name: "tokens", lines: () => texts.tokens, marks: (nodes) => this.marksOfTokens(nodes) });
    if (texts.syntax) {
      stages.push({
        key: "syntax", group: "Language", name: "syntax", lines: () => texts.syntax, marks: (nodes) => this.marksOfSyntax(nodes),
        note: "The tree has no places: what is marked goes by the labels.",
      });
    }
    texts.passes.forEach((pass, index) => stages.push({
      key: `pass ${index}`, group: "Graph", name: index === 0 ? "graph" : `after ${pass.name}${index === texts.passes.length - 1 ? " (optimized)" : ""}`,
      lines: () => pass.lines, note: pass.summary, marks: (nodes) => this.marksOfPass(index, nodes),
      nodes: (line) => line >= pass.firstNode && line < pass.firstNode + pass.nodeCount ? model.origins([line - pass.firstNode], index) : [],
    }));
    stages.push({
      key: "plan", group: "Plan", name: "plan", lines: () => texts.plan, marks: (nodes) => this.marksOfPlan(nodes),
      nodes: (line) => {
        const step = model.plan.steps[line - texts.firstStep], buffer = model.plan.buffers[line - texts.firstBuffer];
        return model.origins(step ? step.nodes : buffer?.nodes ?? [], model.last);
      },
    });
    const hasCode = texts.kernels.some((kernel) => kernel.llvm);
    for (const [key, name, note] of [["nest", "kernels"], ["llvm", "LLVM IR"], ["assembly", "assembly"]].slice(0, hasCode ? 3 : 1)) {
      stages.push({ key, group: "Code", name, note, ...this.kernelTexts(key) });
    }
    if (!hasCode) stages.at(-1).note = "LLVM IR and assembly are there in pages that are written with --code.";
    return stages;
  }

  update(isOther) {
    let stage = this.stages.find((stage) => stage.key === this.select.value) ?? this.stages[0];
    let marks = this.choice ? stage.marks(this.choice.nodes) : [];
    if (this.choice && !isOther && stage.group === "Files" && !marks.length) {
      // What is chosen stands in another file.
      const other = this.stages.find((other) => other.group === "Files" && other.marks(this.choice.nodes).length);
      if (other) [stage, marks, isOther] = [other, other.marks(this.choice.nodes), true];
      this.select.value = stage.key;
    }
    this.note.textContent = stage.note ?? "";
    this.note.hidden = !stage.note;
    this.view.setText(stage.lines(), marks, isOther);
  }

  pick(line) {
    const stage = this.stages.find((stage) => stage.key === this.select.value);
    const nodes = [...stage?.nodes?.(line) ?? []].filter((node) => this.model.boxOfNode.has(node));
    if (nodes.length) this.page.chooseNodes(nodes);
  }

  step(direction) { this.view.step(direction); }

  marksOfFile(file, nodes) {
    const marks = [], seen = new Set();
    for (const node of nodes) {
      (this.model.source.places[node] ?? []).forEach(([own, line, from, lastLine, end], order) => {
        const key = `${line} ${from} ${lastLine} ${end}`;
        if (own !== file || seen.has(key)) return;
        seen.add(key);
        // What is only called around the layer is marked weakly.
        const isWeak = order > 0;
        for (let at = line; at <= lastLine; at++) {
          const text = this.model.source.files[file].lines[at] ?? "";
          const first = at === line ? from : text.length - text.trimStart().length;
          marks.push({ line: at, from: first, to: at === lastLine ? end : text.length, isWeak });
        }
      });
    }
    return marks.some((mark) => !mark.isWeak) ? marks : marks.map((mark) => ({ ...mark, isWeak: false }));
  }

  nodesOfFile(file, line) {
    return this.model.source.places.flatMap((places, node) => places.some(([own, first, , last]) => own === file && first <= line && line <= last) ? [node] : []);
  }

  /** Tokens begin with their line and column, of the file itself. */
  marksOfTokens(nodes) {
    const { root } = this.model.source;
    const places = [...nodes].flatMap((node) => this.model.source.places[node]?.slice(0, 1) ?? []).filter(([file]) => file === root);
    if (!places.length) return [];
    return this.model.texts.tokens.flatMap((text, number) => {
      const found = /^(\d+):(\d+)/.exec(text);
      if (!found) return [];
      const [line, column] = [Number(found[1]) - 1, Number(found[2]) - 1];
      const isWithin = places.some(([, first, from, last, end]) => (line > first || line === first && column >= from) && (line < last || line === last && column < end));
      return isWithin ? [{ line: number }] : [];
    });
  }

  marksOfSyntax(nodes) {
    const labels = new Set(this.model.layersOf(nodes).flatMap((layer) => {
      const parts = layer.label.split(".");
      return parts.map((_, index) => parts.slice(index).join("."));
    }));
    labels.delete("");
    const marks = [];
    this.model.texts.syntax.forEach((text, line) => {
      for (const label of labels) {
        for (let at = text.indexOf(`(${label}:`); at >= 0; at = text.indexOf(`(${label}:`, at + 1)) {
          let depth = 0, end = at;
          do { depth += text[end] === "(" ? 1 : text[end] === ")" ? -1 : 0; } while (++end < text.length && depth > 0);
          marks.push({ line, from: at, to: end });
        }
      }
    });
    return marks;
  }

  marksOfPass(index, nodes) {
    const { firstNode } = this.model.texts.passes[index];
    const marks = [...this.model.traced(nodes)[index]].map((node) => ({ line: node + firstNode }));
    if (index > 0) return marks;
    // The parameters stand where the file has them.
    const weights = this.model.layersOf(nodes).flatMap((layer) => layer.weights.map((weight) => ({ line: weight.node + firstNode, isWeak: true })));
    return [...marks, ...weights];
  }

  marksOfPlan(nodes) {
    const { texts, plan, last } = this.model;
    const results = this.model.traced(nodes)[last];
    const steps = this.model.stepsOf(nodes);
    return [
      ...steps.map((step) => ({ line: step + texts.firstStep })),
      ...plan.buffers.flatMap((buffer, index) => buffer.nodes.some((node) => results.has(node)) ? [{ line: index + texts.firstBuffer }] : []),
      ...[...new Set(steps.flatMap((step) => plan.steps[step].buffers))].map((buffer) => ({ line: buffer + texts.firstBuffer, isWeak: true })),
    ];
  }

  /** All kernels one behind the other; what is chosen has whole kernels marked. */
  kernelTexts(key) {
    const { texts, plan } = this.model;
    let lines = null, firsts = null;
    const make = () => {
      [lines, firsts] = [[], []];
      for (const kernel of texts.kernels) {
        firsts.push(lines.length);
        for (const line of kernel[key]) lines.push(line);
      }
    };
    return {
      lines: () => { if (!lines) make(); return lines; },
      marks: (nodes) => {
        if (!lines) make();
        const kernels = new Set(this.model.stepsOf(nodes).map((step) => plan.steps[step].kernel));
        return [...kernels].flatMap((kernel) => {
          let count = texts.kernels[kernel][key].length;
          while (count > 1 && !texts.kernels[kernel][key][count - 1]) count--;
          return Array.from({ length: count }, (_, line) => ({ line: firsts[kernel] + line }));
        });
      },
      nodes: (line) => {
        if (!lines) make();
        let kernel = firsts.length - 1;
        while (firsts[kernel] > line) kernel--;
        const step = plan.steps.find((step) => step.kernel === kernel);
        return step ? this.model.origins(step.nodes, this.model.last) : [];
      },
    };
  }
}
