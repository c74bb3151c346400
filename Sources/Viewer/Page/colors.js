// What the graph can be coloured by, each a row: a name, what a layer has of it, and how a legend tells it.

/** Stops of the colour map viridis (van der Walt and Smith), which is even to the eye and readable without telling red from green. */
const viridis = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [110, 206, 88],
  [181, 222, 43], [253, 231, 37]];

/** The colour of a share from 0 to 1. */
function viridisColor(share) {
  const place = Math.max(0, Math.min(1, share)) * (viridis.length - 1);
  const low = Math.min(viridis.length - 2, Math.floor(place));
  return viridis[low].map((value, index) => Math.round(value + (viridis[low + 1][index] - value) * (place - low)));
}

function cssColor([red, green, blue]) { return `rgb(${red} ${green} ${blue})`; }

/** Black or white, whichever is easier to read on a colour (WCAG 2.2, relative luminance). */
function inkOn(color) {
  const [red, green, blue] = color.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.179 ? "#000000" : "#ffffff";
}

/** A scale through the numbers that there are, linear or logarithmic. */
class Scale {
  constructor(values, isLogarithmic) {
    const usable = values.filter((value) => Number.isFinite(value) && (!isLogarithmic || value > 0));
    this.isLogarithmic = isLogarithmic;
    this.isEmpty = usable.length === 0;
    this.low = this.isEmpty ? 0 : Math.min(...usable);
    this.high = this.isEmpty ? 1 : Math.max(...usable);
    if (isLogarithmic && !this.isEmpty && this.high / this.low < 10) {
      // Colours of numbers that are alike should be alike.
      const middle = Math.sqrt(this.high * this.low), half = Math.sqrt(10);
      [this.low, this.high] = [middle / half, middle * half];
    }
    if (!isLogarithmic) this.low = 0;
  }

  share(value) {
    if (this.isLogarithmic) return (Math.log(value) - Math.log(this.low)) / (Math.log(this.high) - Math.log(this.low) || 1);
    return value / (this.high || 1);
  }
}

const sumOf = (values) => values.length ? values.reduce((sum, value) => sum + value, 0) : undefined;
const meanLogarithm = (values) => {
  const positive = values.filter((value) => value > 0);
  return positive.length ? Math.exp(positive.reduce((sum, value) => sum + Math.log(value), 0) / positive.length) : values.length ? 0 : undefined;
};

/** The rows that this network has something for. `value` is that of a layer's node; `join` that of several, as of a folded block. */
function colorModes(model) {
  const modes = [{ key: "kind", name: "Kind of layer" }];
  const layer = (name) => (node) => model.layerOfNode.get(node)?.[name] || undefined;
  const signal = (name) => (node) => model.signalOfNode.get(node)?.[name];
  modes.push({ key: "macs", name: "Multiply-accumulates", value: layer("macs"), join: sumOf, text: (value) => scaled(value) });
  modes.push({ key: "parameters", name: "Parameters", value: layer("parameters"), join: sumOf, text: (value) => scaled(value) });
  modes.push({ key: "activations", name: "Memory of the result", value: layer("activationBytes"), join: sumOf, text: bytesText });
  if (model.profile) modes.push({ key: "time", name: "Time", value: (node) => model.timeOfNode?.get(node), join: sumOf, text: milliseconds });
  const add = (key, name, value) => {
    if (!model.layers.some((layer) => value(layer.node) !== undefined)) return;
    modes.push({ key, name, value, join: meanLogarithm, text: brief, isLogarithmic: true });
  };
  add("deviation", "Deviation of activations, predicted", signal("deviation"));
  if (model.signals.hasGradients) {
    add("gradient", "Gradient of activations, predicted", signal("gradient"));
    add("weightGradient", "Gradient of weights, predicted", signal("weightGradient"));
  }
  if (model.measurements) {
    for (const { name: quantity, title } of model.measurements.quantities) {
      const rows = new Map();
      for (const row of model.measurements.layers) {
        if (row.values[quantity]) for (const node of row.nodes) rows.set(node, row.values[quantity]);
      }
      if (!rows.size) continue;
      const value = (node) => {
        const number = Number(rows.get(node)?.[model.watchedStep] ?? NaN);
        return Number.isFinite(number) ? number : undefined;
      };
      const isShare = quantity === "dead" || quantity === "saturated";
      modes.push({
        key: `measured ${quantity}`, name: `Measured: ${title}`, value: quantity === "mean" ? (node) => absolute(value(node)) : value,
        join: meanLogarithm, text: isShare ? percent : brief, isLogarithmic: !isShare,
      });
    }
  }
  return modes;
}

const absolute = (value) => value === undefined ? undefined : Math.abs(value);
