// <cam-explorer>: the recorded maps of misclassified images, to be operated. The view stands in the page's address.
"use strict";

(() => {
  const { SIDE, unpack, cutApart, key, overlay, plain, strongest } = window.camExplorer;
  const { readAddress, writeAddress, fitting, markup, withArticle } = window.camExplorer;
  const FOLDER = new URL(".", document.currentScript.src);
  const PIXELS = SIDE * SIDE;
  const REPEATED = 1000; // milliseconds: arrow keys move through a group of choices faster than that

  /** Loads a script of the record and gives what it holds. Works where a page may load scripts only. */
  function recorded(name) {
    window.camExplorerRecord ??= {};
    if (name in window.camExplorerRecord) return Promise.resolve(window.camExplorerRecord[name]);
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(`data/${name}.js`, FOLDER).href;
      script.onload = () => resolve(window.camExplorerRecord[name]);
      script.onerror = () => reject(new Error(`${script.src} could not be loaded`));
      document.head.append(script);
    });
  }

  /** A raw maximum with two significant digits, as the book's figures write it. */
  const short = (value) => (value > 0 ? String(Number(value.toPrecision(2))) : "blank");

  function percent(probability) {
    const shown = (100 * probability).toFixed(1);
    return probability > 0 && shown === "0.0" ? "< 0.1" : shown;
  }

  class CamExplorer extends HTMLElement {
    /** Resolves when the first view is shown; rejects where something it needs could not be loaded. */
    async begin() {
      this.record = await recorded("mistakes");
      this.colours = Uint8Array.from(atob(this.record.colours), (letter) => letter.charCodeAt(0));
      this.pictures = this.cutPictures(await unpack(this.record.images));
      this.attachShadow({ mode: "open" }).innerHTML = markup(this.record, new URL("explorer.css", FOLDER).href);
      await new Promise((resolve, reject) => {
        Object.assign(this.find("link"), { onload: resolve, onerror: () => reject(new Error("no explorer.css")) });
      });
      this.drawColours();
      this.drawThumbnails();
      this.listen();
      await this.readFromAddress();
    }

    find = (selector) => this.shadowRoot.querySelector(selector);
    findAll = (selector) => this.shadowRoot.querySelectorAll(selector);

    /** @returns {Map<number, Uint8Array>} the pixels of each image, by its number */
    cutPictures(bytes) {
      return new Map(
        this.record.mistakes.map(({ image }, place) => [image, bytes.subarray(3 * PIXELS * place, 3 * PIXELS * (place + 1))]),
      );
    }

    listen() {
      this.shadowRoot.addEventListener("input", ({ target }) => this.chosen(target));
      window.addEventListener("popstate", () => this.readFromAddress());
      document.addEventListener("click", (event) => this.followed(event));
    }

    chosen({ name, value }) {
      const view = { ...this.view, [name]: typeof this.view[name] === "number" ? Number(value) : value };
      const offered = fitting(this.record, view);
      if (offered.length && !offered.some(({ image }) => image === view.image)) view.image = offered[0].image;
      this.writeToAddress(view, this.isOneStepWithTheLast(name) ? "replaceState" : "pushState");
      this.say("");
      this.show(view);
    }

    /**
     * Whether a change gets no step of its own to go back to. That of the strength never does: there would be one for
     * each move of a finger. Those of another control are one step while they follow each other closely.
     */
    isOneStepWithTheLast(name) {
      const last = this.lastChange;
      this.lastChange = { name, time: performance.now() };
      return name === "strength" || (name === last?.name && this.lastChange.time - last.time < REPEATED);
    }

    /** A link of the page to a view, such as ?image=37, is shown without loading the page again. */
    followed(event) {
      const link = event.target.closest?.('a[href^="?"]');
      if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      history.pushState(null, "", link.href);
      this.readFromAddress();
      this.find(".view").scrollIntoView({ block: "center" });
    }

    readFromAddress() {
      this.lastChange = null; // what is changed now leaves this step of the history as it is
      const { view, notices } = readAddress(location.search, this.record);
      this.say(notices.join(" "));
      return this.show(view);
    }

    writeToAddress(view, how) {
      try {
        history[how](null, "", writeAddress(view, location.href));
      } catch {
        // Some browsers let a page that was opened from a disk keep its address only.
      }
    }

    say(sentence) {
      this.find(".notice").textContent = sentence;
    }

    /** Shows a view as soon as its maps are there; a newer one that was asked for meanwhile wins. */
    async show(view) {
      this.view = view;
      this.setControls();
      const { image } = view;
      let found;
      try {
        found = await recorded(String(image));
        found.enlarged ??= cutApart(await unpack(found.maps), this.record.stages, found.rawMaxima);
      } catch (error) {
        if (!this.found) throw error;
        if (this.view.image !== image) return;
        this.stayAt(this.shown, `The maps of test image ${image} could not be loaded.`);
        return;
      }
      if (this.view.image !== image) return;
      this.found = found;
      this.shown = this.view;
      this.drawMaps();
      this.writeNumbers();
    }

    stayAt(view, reason) {
      this.view = view;
      this.setControls();
      this.writeToAddress(view, "replaceState");
      this.say(reason);
    }

    get mistake() {
      return this.record.mistakes.find(({ image }) => image === this.view.image);
    }

    get knowsClass() {
      return this.record.methods.find(({ name }) => name === this.view.method).knowsClass;
    }

    /** Which of the recorded maps is shown: that for the predicted class also where the method knows no class. */
    get kind() {
      return this.knowsClass ? this.view.for : "predicted";
    }

    subject(kind = this.view.for) {
      return this.knowsClass ? this.mistake[kind] : "no class";
    }

    rawMaximum(stage, kind = this.kind) {
      const place = this.record.stages.findIndex(({ name }) => name === stage);
      return this.found.rawMaxima[this.view.method][kind][place];
    }

    setControls() {
      for (const control of this.findAll("select, input[type=range]")) control.value = this.view[control.name];
      for (const radio of this.findAll("input[type=radio]")) radio.checked = String(this.view[radio.name]) === radio.value;
      this.find(".percent").value = `${this.view.strength} %`;
      this.find(".link").href = Object.assign(writeAddress(this.view, location.href), { hash: this.id }).href;
      this.offerImages();
      this.offerClasses();
    }

    offerImages() {
      const offered = new Set(fitting(this.record, this.view).map(({ image }) => String(image)));
      for (const radio of this.findAll("input[name=image]")) radio.parentElement.hidden = !offered.has(radio.value);
      this.find(".count").value = `${offered.size} of ${this.record.mistakes.length} images`;
      for (const [name, kept] of [["true", "called"], ["called", "true"]])
        for (const option of this.find(`select[name=${name}]`).options)
          option.disabled = !fitting(this.record, { [kept]: this.view[kept], [name]: option.value }).length;
      this.scrollToChosen();
    }

    /** Among the thumbnails; to be called again when the explorer comes into sight, for before that it has no size. */
    scrollToChosen() {
      const { offsetTop } = this.find("input[name=image]:checked").parentElement;
      const strip = this.find(".thumbnails");
      if (offsetTop < strip.scrollTop || offsetTop + 48 > strip.scrollTop + strip.clientHeight) strip.scrollTop = offsetTop;
    }

    offerClasses() {
      for (const kind of ["predicted", "true"])
        this.find(`[data-class-name=${kind}]`).textContent = `${this.mistake[kind]} (${kind})`;
      this.find(".classes").disabled = !this.knowsClass;
      this.find(".no-class").textContent = this.knowsClass ? "" : "It knows no class: one map for both.";
    }

    /** A map upon its picture; where it is blank the picture alone, because a tint would look like a map. */
    pixels(stage) {
      const picture = this.pictures.get(this.view.image);
      if (this.rawMaximum(stage) <= 0) return plain(picture);
      const heat = this.found.enlarged.get(key(this.view.method, this.kind, stage));
      return overlay(picture, heat, this.colours, this.view.strength / 100);
    }

    draw(canvas, pixels) {
      canvas.getContext("2d").putImageData(pixels, 0, 0);
    }

    drawMaps() {
      this.draw(this.find(".original"), plain(this.pictures.get(this.view.image)));
      this.draw(this.find(".map"), this.pixels(this.view.stage));
      this.findAll(".preview").forEach((canvas, place) => {
        this.draw(canvas, this.pixels(this.record.stages[place].name));
      });
      this.find(".original").setAttribute("aria-label", `The picture: ${this.named()}`);
      this.find(".map").setAttribute("aria-label", `${this.named()} ${this.described()}`);
      const said = `${this.named()} ${this.described()}`;
      if (this.find(".said").textContent !== said) this.find(".said").textContent = said;
    }

    drawThumbnails() {
      this.findAll(".thumbnail").forEach((canvas, place) => {
        this.draw(canvas, plain(this.pictures.get(this.record.mistakes[place].image)));
      });
    }

    drawColours() {
      const steps = Array.from({ length: 17 }, (_, step) => Math.min(16 * step, 255));
      const colours = steps.map((step) => `rgb(${this.colours.subarray(3 * step, 3 * step + 3).join(" ")})`);
      this.find(".colours").style.background = `linear-gradient(to right, ${colours.join(", ")})`;
    }

    named() {
      const { image, true: truth, predicted } = this.mistake;
      return `Test image ${image}: ${withArticle(truth)}, called ${predicted}.`;
    }

    described() {
      const { method, stage } = this.view;
      const map = `${method} for ${this.subject()} at ${stage}`;
      if (this.rawMaximum(stage) <= 0) return `${map}: blank, for it is nowhere positive; this is the bare picture.`;
      const where = strongest(this.found.enlarged.get(key(method, this.kind, stage)));
      return `${map}: raw maximum ${short(this.rawMaximum(stage))}, strongest: ${where}.`;
    }

    writeNumbers() {
      for (const place of this.findAll(".maximum")) {
        const value = short(this.rawMaximum(place.dataset.stage));
        place.textContent = value === "blank" ? value : `max\n${value}`;
      }
      this.writeMaxima();
      this.writeProbabilities();
    }

    writeMaxima() {
      const kinds = this.knowsClass ? ["predicted", "true"] : ["predicted"];
      const heads = kinds.map((kind) => {
        const name = this.knowsClass ? `${this.subject(kind)} (${kind})` : "no class";
        return Object.assign(document.createElement("th"), { scope: "col", textContent: name });
      });
      for (const row of this.findAll(".maxima tr")) {
        const { stage } = row.dataset;
        row.replaceChildren(row.firstElementChild, ...(stage ? kinds.map((kind) => this.maximumCell(stage, kind)) : heads));
      }
    }

    maximumCell(stage, kind) {
      const cell = document.createElement("td");
      cell.textContent = short(this.rawMaximum(stage, kind));
      if (stage === this.view.stage && kind === this.kind) cell.setAttribute("aria-current", "true");
      return cell;
    }

    writeProbabilities() {
      this.record.classes.forEach((name, place) => {
        const row = this.find(`tr[data-class=${name}]`);
        const probability = this.mistake.probabilities[place];
        const roles = ["predicted", "true"].filter((kind) => this.mistake[kind] === name);
        row.classList.toggle("explained", this.knowsClass && this.mistake[this.view.for] === name);
        row.querySelector(".role").textContent = roles.map((role) => `(${role})`).join(" ");
        row.querySelector(".bar div").style.width = `${100 * probability}%`;
        row.querySelector(".value").textContent = percent(probability);
      });
    }
  }

  customElements.define("cam-explorer", CamExplorer);
})();
