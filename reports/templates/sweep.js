(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("points").textContent);
  const plot = document.getElementById("plot");
  const chosen = ["across", "up"].map((id) => document.getElementById(id));
  const pointed = document.getElementById("pointed");
  const axes = new Map(data.axes.map((axis) => [axis.name, axis]));
  const TOP1 = "top-1, %", BOX = { left: 76, right: 840, top: 16, bottom: 372 };
  const INKS = ["var(--ours)", "var(--paper)", "var(--barycenter)", "var(--bad)"];
  const methods = [...new Set(data.points.map((point) => point.method))];

  const make = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    if (text !== undefined) node.textContent = text;
    plot.append(node);
    return node;
  };
  const short = (value) => typeof value === "number" ? String(Number(value.toPrecision(4))) : value;
  const scaleOf = (axis, values, low, high) => {
    const options = axis.options;
    if (options.length) {
      const step = (high - low) / options.length;
      return { at: (v) => low + step * (options.indexOf(v) + 0.5), ticks: options };
    }
    const bend = axis.log ? Math.log10 : (v) => v;
    const numbers = values.map(bend), pad = (Math.max(...numbers) - Math.min(...numbers)) * 0.05 || 1;
    const from = Math.min(...numbers) - pad, to = Math.max(...numbers) + pad;
    const raw = (to - from) / 5, power = 10 ** Math.floor(Math.log10(raw));
    const step = axis.log && raw < 1 ? 1 : power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
    const ticks = [];
    for (let k = Math.ceil(from / step); k * step <= to; k += 1) ticks.push(k * step);
    const place = (v) => low + ((bend(v) - from) / (to - from)) * (high - low);
    return { at: place, ticks: ticks.map((t) => (axis.log ? 10 ** t : t)) };
  };
  const say = (point) => {
    const words = Object.entries(point.values).map(([key, value]) => `${key} ${short(value)}`);
    pointed.textContent = [point.method, ...words, point.pruned].filter(Boolean).join(" · ");
  };
  const draw = () => {
    plot.replaceChildren();
    const [across, up] = chosen.map((select) => axes.get(select.value));
    const shown = data.points.filter((p) => across.name in p.values && up.name in p.values);
    if (!shown.length) return;
    const ends = (axis) => shown.flatMap((p) => [p.values[axis.name], ...(axis.name === TOP1 ? p.interval : [])]);
    const x = scaleOf(across, ends(across), BOX.left, BOX.right);
    const y = scaleOf(up, ends(up), BOX.bottom, BOX.top);
    x.ticks.forEach((tick) => {
      make("line", { x1: x.at(tick), x2: x.at(tick), y1: BOX.top, y2: BOX.bottom, stroke: "var(--rule)" });
      make("text", { x: x.at(tick), y: BOX.bottom + 18, "text-anchor": "middle", "font-size": 12, fill: "currentColor" }, short(tick));
    });
    y.ticks.forEach((tick) => {
      make("line", { x1: BOX.left, x2: BOX.right, y1: y.at(tick), y2: y.at(tick), stroke: "var(--rule)" });
      make("text", { x: BOX.left - 8, y: y.at(tick) + 4, "text-anchor": "end", "font-size": 12, fill: "currentColor" }, short(tick));
    });
    make("text", { x: (BOX.left + BOX.right) / 2, y: 410, "text-anchor": "middle", "font-size": 13, fill: "currentColor" }, across.name);
    shown.forEach((point) => {
      const cx = x.at(point.values[across.name]), cy = y.at(point.values[up.name]);
      const ink = INKS[methods.indexOf(point.method) % INKS.length];
      if (up.name === TOP1 && point.interval.length) {
        make("line", { x1: cx, x2: cx, y1: y.at(point.interval[0]), y2: y.at(point.interval[1]), stroke: ink, opacity: 0.35 });
      }
      const look = { cx, cy, r: 5, fill: point.pruned ? "var(--panel)" : ink, stroke: ink, tabindex: 0, class: "trial" };
      const dot = make("circle", look);
      ["pointerenter", "focus"].forEach((kind) => dot.addEventListener(kind, () => say(point)));
    });
  };
  chosen.forEach((select, k) => {
    data.axes.forEach((axis) => select.append(new Option(axis.name, axis.name)));
    select.value = k ? TOP1 : (data.axes[1] || data.axes[0]).name;
    select.addEventListener("change", draw);
  });
  draw();
})();
