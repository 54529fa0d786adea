// Training curves that a reader can touch: <training-curves> takes the place of the figure before it on the screen.
// Without this script or its data (data.js), in print and in Colab, that figure stays.
(() => {
  "use strict";

  const DATA = window.trainingCurves;
  if (!DATA) return;

  const MARKERS = {
    o: "M-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0z",
    s: "M-3-3h6v6h-6z",
    "^": "M0-4l3.9 6.8h-7.8z",
    D: "M0-4.3l4.3 4.3l-4.3 4.3l-4.3-4.3z",
  };
  const MARGIN = { top: 30, right: 16, bottom: 42, left: 54 };
  const THUMB = 20; // px, as in curves.css

  const h = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
  const s = (tag, attributes = {}, ...children) =>
    filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  function filled(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const shownAs = (value, { unit, decimals }) => {
    const digits = decimals === undefined ? String(Number(value.toPrecision(3))) : value.toFixed(decimals);
    return unit ? `${digits} ${unit}` : digits;
  };
  const named = ({ label, unit }) => (unit ? `${label} (${unit})` : label);

  function linearTicks(low, high) {
    const rough = (high - low) / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const ticks = [];
    for (let n = Math.ceil(low / step); n * step <= high * (1 + 1e-9); n++) ticks.push(Number((n * step).toPrecision(6)));
    return ticks;
  }

  function logTicks(low, high) {
    for (const factors of [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
      const ticks = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
        for (const factor of factors) ticks.push(Number((factor * 10 ** power).toPrecision(6)));
      const inside = ticks.filter((tick) => tick >= low && tick <= high);
      if (inside.length >= 3) return inside;
    }
    return linearTicks(low, high);
  }

  // An axis from the values on it to the pixels between `from` and `to`.
  function axis(values, log, from, to) {
    let [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [1, 10];
    const pad = log ? (high / low) ** 0.05 : (high - low) * 0.05;
    [low, high] = log ? [low / pad, high * pad] : [Math.max(low - pad, 0), high + pad];
    const bent = log ? Math.log : (value) => value;
    const place = (value) => from + ((bent(value) - bent(low)) / (bent(high) - bent(low))) * (to - from);
    return { place, ticks: log ? logTicks(low, high) : linearTicks(low, high) };
  }

  class TrainingCurves extends HTMLElement {
    connectedCallback() {
      if (this.select) return;
      this.epochs = Math.max(...DATA.runs.flatMap((run) => run.epoch));
      this.build();
      this.read();
      const still = this.parentElement.previousElementSibling?.querySelector(".cell_output");
      still?.classList.add("curves-still");
      new ResizeObserver(() => this.draw()).observe(this.chart);
      addEventListener("popstate", () => this.read());
    }

    build() {
      const number = document.querySelectorAll("training-curves").length;
      const id = (name) => `curves-${name}-${number}`;
      this.select = h("select", { id: id("quantity") });
      this.select.append(...DATA.quantities.map(({ key, label }) => h("option", { value: key }, label)));
      this.log = h("input", { type: "checkbox", id: id("log") });
      this.boxes = new Map(DATA.runs.map((run) => [run, h("input", { type: "checkbox", value: run.name })]));
      this.chart = s("svg", { class: "curves-chart", role: "img" });
      this.slider = h("input", { type: "range", min: 1, max: this.epochs, step: 1, id: id("epoch") });
      this.readout = h("output", { for: id("epoch"), "aria-live": "polite" });
      this.table = h("table");
      this.append(
        h(
          "div",
          { class: "curves-controls" },
          h("label", { for: id("quantity") }, "Show ", this.select),
          h("label", { for: id("log") }, this.log, " logarithmic axis"),
        ),
        h(
          "fieldset",
          { class: "curves-runs" },
          h("legend", {}, "Runs"),
          ...DATA.runs.map((run) => h("label", {}, this.boxes.get(run), this.sample(run), run.name)),
        ),
        this.chart,
        h("label", { class: "curves-epoch", for: id("epoch") }, "Epoch"),
        this.slider,
        this.readout,
        h(
          "details",
          { class: "curves-table" },
          h("summary", {}, "All values as a table"),
          h("div", { tabindex: 0, role: "region", "aria-label": "Values by epoch" }, this.table),
        ),
      );
      this.style.setProperty("--curves-lines", DATA.runs.length);
      this.listen();
    }

    listen() {
      const changed = () => this.show();
      for (const control of [this.select, this.log, ...this.boxes.values()]) control.addEventListener("change", changed);
      this.slider.addEventListener("input", changed);
      for (const moved of ["pointerdown", "pointermove"])
        this.chart.addEventListener(moved, (event) => this.point(event.clientX - this.chart.getBoundingClientRect().left));
    }

    // The epoch nearest to a place on the chart becomes the one that is read.
    point(x) {
      const share = (x - MARGIN.left) / (this.chart.clientWidth - MARGIN.left - MARGIN.right);
      const epoch = Math.round(1 + Math.min(Math.max(share, 0), 1) * (this.epochs - 1));
      if (epoch === this.slider.valueAsNumber) return;
      this.slider.value = epoch;
      this.show();
    }

    // What the address says becomes what is shown.
    read() {
      const address = new URLSearchParams(location.search);
      const hidden = (address.get("hide") ?? "").split(",");
      const known = DATA.quantities.some(({ key }) => key === address.get("curves"));
      this.select.value = known ? address.get("curves") : DATA.quantities[0].key;
      this.log.checked = address.get("axis") === "log";
      for (const [run, box] of this.boxes) box.checked = !hidden.includes(run.name);
      this.slider.value = address.get("epoch") ?? this.epochs;
      this.show();
    }

    // What is shown becomes what the address says; browsers refuse to write it many times a second.
    write() {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => {
        const address = new URL(location.href);
        const hidden = DATA.runs.filter((run) => !this.boxes.get(run).checked).map((run) => run.name);
        const view = {
          curves: this.select.selectedIndex ? this.select.value : "",
          axis: this.log.checked ? "log" : "",
          hide: hidden.join(","),
          epoch: this.slider.valueAsNumber < this.epochs ? this.slider.value : "",
        };
        for (const [key, value] of Object.entries(view))
          if (value) address.searchParams.set(key, value);
          else address.searchParams.delete(key);
        if (address.href !== location.href) history.replaceState(history.state, "", address);
      }, 250);
    }

    get quantity() {
      return DATA.quantities[this.select.selectedIndex];
    }

    get checked() {
      return DATA.runs.filter((run) => this.boxes.get(run).checked);
    }

    get shown() {
      return this.checked.filter((run) => run.values[this.quantity.key]);
    }

    show() {
      this.draw();
      this.say();
      this.tabulate();
      this.write();
    }

    say() {
      const epoch = this.slider.valueAsNumber;
      const rows = this.checked.map((run) => {
        const value = run.values[this.quantity.key]?.[run.epoch.indexOf(epoch)];
        const text = value === undefined ? "not recorded" : shownAs(value, this.quantity);
        const note = value !== undefined && run.notes[this.quantity.key];
        return h("span", {}, this.sample(run), `${run.name} `, h("strong", {}, text), note ? ` (${note})` : "");
      });
      this.slider.setAttribute("aria-valuetext", `epoch ${epoch} of ${this.epochs}`);
      const heading = h("span", {}, `${this.quantity.label}, epoch ${epoch}: `);
      this.readout.replaceChildren(heading, ...(rows.length ? rows : ["no run is shown"]));
    }

    tabulate() {
      const { key } = this.quantity;
      const head = [h("th", { scope: "col" }, "epoch"), ...this.shown.map((run) => h("th", { scope: "col" }, run.name))];
      const rows = Array.from({ length: this.epochs }, (_, index) => {
        const cells = this.shown.map((run) => run.values[key][run.epoch.indexOf(index + 1)]);
        const texts = cells.map((value) => (value === undefined ? "" : shownAs(value, { ...this.quantity, unit: "" })));
        return h("tr", {}, h("th", { scope: "row" }, index + 1), ...texts.map((text) => h("td", {}, text)));
      });
      this.table.replaceChildren(
        h("caption", {}, named(this.quantity)),
        h("thead", {}, h("tr", {}, ...head)),
        h("tbody", {}, ...rows),
      );
    }

    // A short piece of a run's line, for the legend.
    sample(run) {
      const picture = s("svg", { class: "curves-sample", width: 36, height: 12, "aria-hidden": "true" });
      picture.append(this.line(run, "M0 6H36", [[18, 6]]));
      return picture;
    }

    line(run, path, points) {
      const line = s("g", { class: "curves-line", "data-run": run.name });
      line.style.setProperty("--line", run.colour);
      line.append(s("path", { d: path, "stroke-dasharray": run.dash || "none" }));
      for (const [x, y] of points)
        line.append(s("path", { d: MARKERS[run.marker], class: "curves-marker", transform: `translate(${x} ${y})` }));
      return line;
    }

    draw() {
      const [width, height] = [this.chart.clientWidth, this.chart.clientHeight];
      if (!width) return;
      const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];
      const { key } = this.quantity;
      const log = this.log.checked;
      const y = axis(this.shown.flatMap((run) => run.values[key]), log, bottom, top);
      const x = (epoch) => left + ((epoch - 1) / (this.epochs - 1)) * (right - left);
      const epochs = [1, ...linearTicks(1, this.epochs).filter((tick) => tick % 5 === 0)];
      const grid = s("g", { class: "curves-grid" });
      for (const tick of y.ticks) {
        grid.append(s("line", { x1: left, x2: right, y1: y.place(tick), y2: y.place(tick) }));
        grid.append(s("text", { x: left - 8, y: y.place(tick) + 4, "text-anchor": "end" }, String(tick)));
      }
      for (const epoch of epochs)
        grid.append(s("text", { x: x(epoch), y: bottom + 18, "text-anchor": "middle" }, String(epoch)));
      grid.append(s("text", { x: 0, y: 14, class: "curves-title" }, `${named(this.quantity)}${log ? ", logarithmic" : ""}`));
      grid.append(s("text", { x: (left + right) / 2, y: bottom + 36, "text-anchor": "middle" }, "epoch"));
      const at = this.slider.valueAsNumber;
      const cursor = s("line", { class: "curves-cursor", x1: x(at), x2: x(at), y1: top, y2: bottom });
      const lines = this.shown.map((run) => {
        const points = run.epoch.map((epoch, index) => [x(epoch), y.place(run.values[key][index])]);
        const line = this.line(run, `M${points.map((point) => point.join(" ")).join("L")}`, points);
        const read = run.epoch.includes(at) && line.children[1 + run.epoch.indexOf(at)];
        if (read) read.setAttribute("transform", `${read.getAttribute("transform")} scale(1.7)`);
        return line;
      });
      this.chart.replaceChildren(grid, cursor, ...lines);
      const names = this.shown.map((run) => run.name).join(", ") || "no run";
      const kind = log ? "logarithmic" : "linear";
      this.chart.setAttribute("aria-label", `Lines of ${named(this.quantity)} over ${this.epochs} epochs, ${kind} axis: ${names}.`);
      this.slider.style.marginLeft = `${left - THUMB / 2}px`;
      this.slider.style.width = `${right - left + THUMB}px`;
    }
  }

  customElements.define("training-curves", TrainingCurves);
})();
