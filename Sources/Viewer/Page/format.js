// Numbers as people read them, and elements of the page.

/** Three digits and a unit: 25.6 M. */
function scaled(value) {
  for (const [factor, prefix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= factor) return `${(value / factor).toFixed(value / factor >= 100 ? 0 : 1)} ${prefix}`;
  }
  return String(value);
}

function bytesText(value) {
  for (const [factor, unit] of [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) {
    if (value >= factor) return `${(value / factor).toFixed(value / factor >= 100 ? 0 : 1)} ${unit}`;
  }
  return `${value} B`;
}

function milliseconds(value) {
  if (value >= 100) return `${value.toFixed(0)} ms`;
  if (value >= 1) return `${value.toFixed(2)} ms`;
  return `${(value * 1000).toFixed(value >= 0.01 ? 0 : 1)} µs`;
}

function percent(share) {
  if (share > 0 && share < 0.0005) return "under 0.1 %";
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Three digits, with a power of ten where the number is far from 1. */
function brief(value) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3) return value.toExponential(1).replace("e+", "e").replace("-", "−");
  return String(Number(value.toPrecision(3)));
}

function grouped(value) { return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f"); }

function counted(count, noun) { return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`; }

const svgNamespace = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) {
    if (child === undefined || child === null || child === false) continue;
    made.append(child);
  }
  return made;
}

/** An element with attributes, listeners (`onclick`) and children; texts are never read as HTML. */
function element(name, attributes = {}, ...children) { return fill(document.createElement(name), attributes, children.flat(Infinity)); }

function svg(name, attributes = {}, ...children) { return fill(document.createElementNS(svgNamespace, name), attributes, children.flat(Infinity)); }

/** A table of rows; a cell is a text or an element. The first row is its head. */
function table(caption, head, rows, columnClasses = []) {
  const cell = (name) => (content, column) =>
    element(name, { class: columnClasses[column], scope: name === "th" ? "col" : null }, content ?? "");
  return element("table", {}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, head.map(cell("th")))),
    element("tbody", {}, rows.map((row) => element("tr", { class: row.className }, row.map(cell("td"))))));
}

const measuring = document.createElement("canvas").getContext("2d");
const textWidths = new Map();

/** The width of a text in pixels. */
function textWidth(text, font) {
  const key = font + text;
  let width = textWidths.get(key);
  if (width === undefined) {
    measuring.font = font;
    width = measuring.measureText(text).width;
    textWidths.set(key, width);
  }
  return width;
}

const themeColors = new Map();
const probe = element("span", { hidden: true });

/** What a colour of the theme is now, as canvases need it. */
function themeColor(name) {
  if (!themeColors.has(name)) {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(${name})`;
    themeColors.set(name, getComputedStyle(probe).color);
  }
  return themeColors.get(name);
}

/** When nothing else is to be done; not all browsers know when that is. */
const whenIdle = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 30));
