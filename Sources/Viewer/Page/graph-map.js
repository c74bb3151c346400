// A small map of the whole graph, with what is seen of it.

class GraphMap {
  constructor(view) {
    this.view = view;
    this.canvas = document.getElementById("map");
    this.context = this.canvas.getContext("2d");
    const go = (event) => {
      if (event.buttons !== 1) return;
      const { left, top } = this.canvas.getBoundingClientRect();
      const { scale } = this.view.view;
      const frame = this.view.size;
      this.view.view.x = frame.width / 2 - (event.clientX - left - this.left) / this.scale * scale;
      this.view.view.y = frame.height / 2 - (event.clientY - top - this.top) / this.scale * scale;
      this.view.apply();
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    this.canvas.addEventListener("pointermove", go);
  }

  draw() {
    const { frames, elements, size: seen, view } = this.view;
    if (!frames || !elements) return;
    // Where all is seen, a map says nothing.
    const isNeedless = frames.width * view.scale <= seen.width && frames.height * view.scale <= seen.height - 60;
    this.canvas.hidden = isNeedless;
    if (isNeedless) return;
    const ratio = devicePixelRatio || 1;
    const [mostWidth, mostHeight] = [150, 240];
    this.scale = Math.min((mostWidth - 12) / frames.width, (mostHeight - 12) / frames.height);
    const [width, height] = [Math.max(40, frames.width * this.scale + 12), Math.max(40, frames.height * this.scale + 12)];
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    [this.left, this.top] = [(width - frames.width * this.scale) / 2, 6];
    const { context } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.translate(this.left, this.top);
    const [ink, accent] = [themeColor("--ink"), themeColor("--accent")];
    for (const [id, { frame, element, isFolded, color }] of elements) {
      if (id < 0 && !isFolded) continue;
      const kind = id < 0 ? "block" : this.view.model.boxes[id].strips[0].kind;
      context.fillStyle = element.classList.contains("chosen") ? ink : color ?? themeColor(`--${kind}`);
      context.fillRect(frame.x * this.scale, frame.y * this.scale, Math.max(1.5, frame.width * this.scale), Math.max(1.5, frame.height * this.scale));
    }
    context.strokeStyle = accent;
    context.lineWidth = 1.5;
    context.strokeRect(-view.x / view.scale * this.scale, -view.y / view.scale * this.scale, seen.width / view.scale * this.scale,
      seen.height / view.scale * this.scale);
  }
}
