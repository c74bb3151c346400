// The steps of the plan: what each computes, with which algorithm, from which memory, and how long it takes.

class KernelsPane {
  static key = "kernels";
  static title = "Kernels";

  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.own = element("input", { type: "checkbox", onchange: () => this.render() });
    this.sort = element("select", { "aria-label": "Order", onchange: () => this.render() },
      element("option", { value: "step" }, "in order"), this.model.profile && element("option", { value: "time" }, "slowest first"),
      element("option", { value: "macs" }, "most products first"));
    this.list = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Steps" });
    this.detail = element("div", { class: "scroll detail", tabindex: 0, role: "region", "aria-label": "The step that is chosen" });
    this.root = element("div", { class: "column" },
      element("div", { class: "pane-bar" }, element("label", {}, "Order ", this.sort), element("label", { class: "check" }, this.own, " Only what is chosen")),
      this.list, this.detail);
    this.detail.hidden = true;
  }

  async show(choice) {
    const isOther = choice !== this.choice;
    this.choice = choice;
    await this.model.loadTexts();
    this.own.disabled = !choice;
    if (!choice) this.own.checked = false;
    if (isOther && choice) this.own.checked = true;
    this.render();
  }

  render() {
    const { plan, profile } = this.model;
    const own = this.own.checked && this.choice ? this.model.stepsOf(this.choice.nodes) : null;
    const steps = (own ?? plan.steps.map((_, index) => index)).slice();
    const key = { time: (step) => -(step.time?.fastestMs ?? 0), macs: (step) => -step.macs }[this.sort.value];
    if (key) steps.sort((a, b) => key(plan.steps[a]) - key(plan.steps[b]) || a - b);
    const most = Math.max(...plan.steps.map((step) => step.time?.fastestMs ?? 0), 1e-9);
    const rows = steps.slice(0, 600).map((index) => {
      const step = plan.steps[index];
      const row = [
        element("button", { type: "button", class: "link", onclick: () => this.showStep(index) }, String(index)), step.summary, step.algorithm?.name ?? "–",
        step.macs ? scaled(step.macs) : "", bytesText(step.bytes),
      ];
      if (profile) {
        const bar = element("i", { class: "meter" });
        bar.style.width = `${(step.time?.fastestMs ?? 0) / most * 100}%`;
        row.push(step.time ? element("span", { class: "metered" }, bar, milliseconds(step.time.fastestMs)) : "", step.time ? percent(step.time.leastMs / step.time.fastestMs) : "");
      }
      row.className = index === this.step ? "chosen" : null;
      return row;
    });
    this.list.replaceChildren(table(`${counted(steps.length, "step")}${own ? " of what is chosen" : ""}`,
      ["Step", "Computes", "Algorithm", "MACs", "Bytes", ...(profile ? ["Time", "of peak"] : [])], rows,
      ["number", "", "", "number", "number", "number", "number"]));
  }

  showStep(index) {
    this.step = index;
    const { plan } = this.model, step = plan.steps[index];
    const boxes = this.model.boxesOfStep(index);
    this.page.view.reveal(boxes);
    this.page.view.setChosen(boxes);
    const first = [...boxes][0];
    if (first !== undefined) this.page.view.show(this.page.view.drawnAs(first));
    const candidates = [step.algorithm, ...step.rejected].filter(Boolean);
    this.detail.hidden = false;
    this.detail.replaceChildren(...[
      element("h2", {}, `Step ${index}`, element("small", {}, ` ${step.name}`)),
      element("p", { class: "lead" }, step.summary),
      element("p", { class: "actions" },
        element("button", { type: "button", onclick: () => this.page.chooseBoxes(boxes) }, "Choose its layers"),
        element("button", { type: "button", onclick: () => { this.page.chooseBoxes(boxes); this.page.showText("nest"); } }, "Its loop nest"),
        element("button", { type: "button", onclick: () => { this.detail.hidden = true; this.step = null; this.render(); } }, "Close")),
      element("dl", { class: "facts-list" }, [
        ["Tasks", grouped(step.tasks)], ["Multiply-accumulates", step.macs ? grouped(step.macs) : "none"], ["Reads and writes", bytesText(step.bytes)],
        ["Scratch a thread", bytesText(step.scratchBytes)],
        ["Time", step.time && `${milliseconds(step.time.fastestMs)} fastest, ${milliseconds(step.time.medianMs)} median`],
        ["Peak", step.time && `${milliseconds(step.time.leastMs)}, set by ${step.time.bound}: ${percent(step.time.leastMs / step.time.fastestMs)} is reached`],
        ["Why not more", step.time?.reasons.join("; ")],
      ].filter(([, value]) => value).map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
      candidates.length > 0 && table("Algorithms", ["Algorithm", "Model", "Error", "Taken"], candidates.map((candidate, place) => [
        candidate.name, candidate.predictedMs !== undefined ? milliseconds(candidate.predictedMs) : "", candidate.error !== undefined ? brief(candidate.error) : "",
        place === 0 ? "yes" : candidate.reason ?? "slower"]), ["", "number", "number", ""]),
      table("Tensors", ["", "Tensor", "Bytes", "Lies"], step.buffers.map((buffer, place) => {
        const { type, bytes, storage, first, last } = plan.buffers[buffer];
        return [step.access[place], element("code", {}, type), bytesText(bytes), storage + (first === undefined ? "" : `, steps ${first} to ${last}`)];
      }), ["", "", "number", ""]),
    ].filter(Boolean));
    this.detail.scrollTo(0, 0);
    this.render();
    this.list.querySelector("tr.chosen")?.scrollIntoView({ block: "nearest" });
  }
}
