// A view of the explorer in the page's address, as in ?image=37&for=true&method=Grad-CAM&stage=layer3&strength=60
"use strict";

(() => {
  /**
   * @typedef {Object} View
   * @property {number} image number of the test image
   * @property {"predicted"|"true"} for the class that the maps explain
   * @property {string} method
   * @property {string} stage
   * @property {number} strength percent of the map's colour, in steps of 5
   * @property {string} true the only true class to choose images from; empty for any
   * @property {string} called the same for the predicted class
   */

  /** What can stand in the address, by key. */
  function allowed(record) {
    const classes = ["", ...record.classes];
    return {
      image: record.mistakes.map((mistake) => String(mistake.image)),
      for: ["predicted", "true"],
      method: record.methods.map((method) => method.name),
      stage: record.stages.map((stage) => stage.name),
      strength: Array.from({ length: 21 }, (_, step) => String(5 * step)),
      true: classes,
      called: classes,
    };
  }

  /** @returns {View} what is shown when the address says nothing */
  function firstView(record) {
    const stage = record.stages.at(-1).name;
    const { image } = record.mistakes[0];
    return { image, for: "predicted", method: record.methods[0].name, stage, strength: 60, true: "", called: "" };
  }

  /** The recorded mistakes of the classes that a view asks for. */
  function fitting(record, view) {
    return record.mistakes.filter(
      (mistake) =>
        (!view.true || mistake.true === view.true) && (!view.called || mistake.predicted === view.called),
    );
  }

  /**
   * The view that an address names. What it names wrongly is left at its first value, with a sentence for the reader.
   * @returns {{view: View, notices: string[]}}
   */
  function readAddress(search, record) {
    const asked = new URLSearchParams(search);
    const view = firstView(record);
    const notices = [];
    for (const [name, values] of Object.entries(allowed(record))) {
      if (!asked.has(name)) continue;
      const value = asked.get(name);
      if (values.includes(value)) view[name] = typeof view[name] === "number" ? Number(value) : value;
      else notices.push(`The address asks for ${name} “${value}”, which is not on record.`);
    }
    return { view: withImageAmongClasses(view, asked.has("image"), record, notices), notices };
  }

  function withImageAmongClasses(view, imageAsked, record, notices) {
    const mistakes = fitting(record, view);
    if (mistakes.some((mistake) => mistake.image === view.image)) return view;
    if (mistakes.length && !imageAsked) return { ...view, image: mistakes[0].image };
    const wanted = `${view.true || "any class"} called ${view.called || "any class"}`;
    notices.push(
      mistakes.length
        ? `Test image ${view.image} is not one of: ${wanted}. All images are offered.`
        : `There is no image on record of: ${wanted}. All images are offered.`,
    );
    return { ...view, true: "", called: "" };
  }

  /** An address with the view in it, and whatever else stood there. */
  function writeAddress(view, address) {
    const written = new URL(address);
    for (const [name, value] of Object.entries(view)) {
      if (value === "") written.searchParams.delete(name);
      else written.searchParams.set(name, value);
    }
    return written;
  }

  window.camExplorer = { ...window.camExplorer, readAddress, writeAddress, fitting };
})();
