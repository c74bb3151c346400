// Light, dark, or as the system has it; and how wide the panel is.

class Theme {
  static names = ["system", "light", "dark"];

  constructor(changed) {
    this.changed = changed;
    this.button = document.getElementById("theme");
    this.button.setAttribute("aria-keyshortcuts", "t");
    this.button.addEventListener("click", () => this.next());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.change());
    this.set(this.stored() ?? "system");
  }

  /** What was chosen last; pages that are opened from a file may have no memory. */
  stored() {
    try { return localStorage.getItem("braid-theme"); } catch { return null; }
  }

  set(name) {
    this.name = Theme.names.includes(name) ? name : "system";
    themeColors.clear();
    if (this.name === "system") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = this.name;
    this.button.textContent = { system: "◐", light: "☀", dark: "☾" }[this.name];
    const label = `Colours: ${{ system: "as the system has them", light: "light", dark: "dark" }[this.name]}`;
    this.button.setAttribute("aria-label", label);
    this.button.title = `${label} (t)`;
  }

  next() {
    this.set(Theme.names[(Theme.names.indexOf(this.name) + 1) % Theme.names.length]);
    try { localStorage.setItem("braid-theme", this.name); } catch { /* It is chosen for this time alone. */ }
    this.change();
  }

  change() {
    themeColors.clear();
    this.changed();
  }
}

class Splitter {
  constructor(bar, changed) {
    this.bar = bar;
    this.changed = changed;
    bar.addEventListener("pointerdown", (event) => { bar.setPointerCapture(event.pointerId); event.preventDefault(); });
    bar.addEventListener("pointermove", (event) => { if (bar.hasPointerCapture(event.pointerId)) this.set(100 - event.clientX / innerWidth * 100); });
    bar.addEventListener("keydown", (event) => {
      const change = { ArrowLeft: 3, ArrowRight: -3 }[event.key];
      if (change === undefined) return;
      event.preventDefault();
      this.set(Number(bar.getAttribute("aria-valuenow")) + change);
    });
  }

  set(share) {
    const width = Math.round(Math.max(20, Math.min(80, share)));
    this.bar.setAttribute("aria-valuenow", String(width));
    document.documentElement.style.setProperty("--panel-width", `${width}%`);
    this.changed();
  }
}
