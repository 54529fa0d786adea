// The explorer's controls and places to show things, from the record. What they hold comes later, in explorer.js.
"use strict";

(() => {
  const { SIDE } = window.camExplorer;
  const canvas = (name, spoken) =>
    `<canvas class="${name}" width="${SIDE}" height="${SIDE}" ${spoken ? 'role="img"' : 'aria-hidden="true"'}></canvas>`;

  /** "an automobile", "a cat" */
  const withArticle = (name) => `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;

  function choice(name, label, values) {
    const options = values.map((value) => `<option value="${value}">${value || "any"}</option>`);
    return `<label for="${name}">${label}</label><select id="${name}" name="${name}">${options.join("")}</select>`;
  }

  function classesThatOccur(record, which) {
    return ["", ...record.classes.filter((name) => record.mistakes.some((mistake) => mistake[which] === name))];
  }

  function choiceOfImage(record) {
    const thumbnails = record.mistakes.map(
      ({ image, true: truth, predicted }) =>
        `<label title="${truth}, called ${predicted}">
          <input type="radio" name="image" value="${image}"
            aria-label="${withArticle(truth)}, called ${predicted}, test image ${image}">
          ${canvas("thumbnail", false)}
        </label>`,
    );
    return `<fieldset class="choice">
      <legend>Image</legend>
      <div>${choice("true", "True class", classesThatOccur(record, "true"))}</div>
      <div>${choice("called", "Called", classesThatOccur(record, "predicted"))}</div>
      <output class="count"></output>
      <div class="thumbnails">${thumbnails.join("")}</div>
    </fieldset>`;
  }

  function settings(record) {
    const kinds = ["predicted", "true"].map(
      (kind) => `<label><input type="radio" name="for" value="${kind}"> <span data-class-name="${kind}"></span></label>`,
    );
    return `<div class="settings">
      <fieldset class="classes">
        <legend>Map for</legend>
        ${kinds.join("")}
      </fieldset>
      <div>
        ${choice("method", "Method", record.methods.map((method) => method.name))}
        <p class="no-class"></p>
      </div>
      <div>
        <label for="strength">Strength</label> <output class="percent"></output>
        <input type="range" id="strength" name="strength" min="0" max="100" step="5">
      </div>
    </div>`;
  }

  function choiceOfStage(record) {
    const stages = record.stages.map(
      ({ name }) =>
        `<label>
          <input type="radio" name="stage" value="${name}">
          ${canvas("preview", false)}
          <span class="name">${name}</span>
          <span class="maximum" data-stage="${name}"></span>
        </label>`,
    );
    return `<fieldset class="stages"><legend>Stage</legend>${stages.join("")}</fieldset>`;
  }

  function maxima(record) {
    const rows = record.stages.map(
      ({ name, size }) => `<tr data-stage="${name}"><th scope="row">${name}, ${size} × ${size}</th></tr>`,
    );
    return `<table class="maxima">
      <caption>Raw maxima. Each stage has a scale of its own: compare within a row.</caption>
      <thead><tr><th scope="col">map for</th></tr></thead><tbody>${rows.join("")}</tbody>
    </table>`;
  }

  function probabilities(record) {
    const rows = record.classes.map(
      (name) => `<tr data-class="${name}"><th scope="row">${name} <span class="role"></span></th>
        <td class="bar" aria-hidden="true"><div></div></td><td class="value"></td></tr>`,
    );
    return `<table class="probabilities">
      <caption>What the network says, in percent</caption><tbody>${rows.join("")}</tbody>
    </table>`;
  }

  function foot({ provenance }) {
    const { run, weights, command, hardware, versions, date } = provenance;
    return `<p class="foot"><a class="link" href="">Link to this view</a>. Recorded on ${date} from the run
      <code>${run}</code> (weights <code>${weights.slice(0, 8)}</code>) by <code>${command}</code>, on ${hardware},
      PyTorch ${versions.torch}.</p>`;
  }

  /** The whole explorer as HTML; `style` is the address of its style sheet. */
  function markup(record, style) {
    return `<link rel="stylesheet" href="${style}">
      <div class="explorer" role="region" aria-label="Explorer of class activation maps">
        <p class="notice" role="status"></p>
        ${choiceOfImage(record)}
        <div class="view">
          <div class="shown">${canvas("map", true)}
            <p class="key" aria-hidden="true">smallest <span class="colours"></span> largest value</p></div>
          <div class="beside">
            <div class="given">${canvas("original", true)}<p class="said" aria-live="polite"></p></div>
            ${choiceOfStage(record)}
          </div>
        </div>
        ${settings(record)}
        <div class="numbers">${maxima(record)}${probabilities(record)}</div>
        ${foot(record)}
      </div>`;
  }

  window.camExplorer = { ...window.camExplorer, markup, withArticle };
})();
