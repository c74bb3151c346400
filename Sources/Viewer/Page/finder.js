// Finding layers by their label or operator, as one types.

const mostFound = 40;

class Finder {
  constructor(page) {
    this.page = page;
    this.input = document.getElementById("search");
    this.list = document.getElementById("found");
    this.entries = page.model.layers.map((layer) => ({ layer, text: `${layer.label} ${layer.summary} ${layer.operation}`.toLowerCase() }));
    this.input.addEventListener("input", () => this.find());
    this.input.addEventListener("focus", () => this.find());
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.input.addEventListener("keydown", (event) => this.press(event));
  }

  find() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return this.close();
    const found = this.entries.filter(({ text }) => words.every((word) => text.includes(word)));
    this.found = found.slice(0, mostFound).map(({ layer }) => layer);
    this.at = this.found.length ? 0 : -1;
    this.list.replaceChildren(...this.found.map((layer, index) => element("li", {
      role: "option", id: `found-${index}`, onpointerdown: (event) => { event.preventDefault(); this.choose(index); },
    }, element("b", {}, layer.label || layer.operation), element("small", {}, layer.summary))));
    if (found.length > mostFound) this.list.append(element("li", { class: "rest", role: "presentation" }, `${found.length - mostFound} more`));
    if (!found.length) this.list.append(element("li", { class: "rest", role: "presentation" }, "nothing found"));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  mark() {
    [...this.list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === this.at)));
    if (this.at >= 0) {
      this.input.setAttribute("aria-activedescendant", `found-${this.at}`);
      this.list.children[this.at].scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  press(event) {
    if (event.key === "Escape") {
      this.input.value = "";
      this.close();
      this.page.view.focus(this.page.view.focused);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (this.list.hidden) this.find();
      const count = this.found?.length ?? 0;
      if (count) this.at = (this.at + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
      this.mark();
    } else if (event.key === "Enter" && this.at >= 0 && !this.list.hidden) {
      this.choose(this.at);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  choose(index) {
    const layer = this.found[index];
    this.close();
    this.page.chooseNode(layer.node);
    const box = this.page.model.boxOfNode.get(layer.node);
    if (box !== undefined) this.page.view.focus(this.page.view.drawnAs(box));
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
