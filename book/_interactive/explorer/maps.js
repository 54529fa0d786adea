// The record as pixels: unpacked, enlarged, laid upon the picture. Nothing here knows of the page.
"use strict";

(() => {
  const SIDE = 32;

  /** The bytes of a text that tools/records/explorer.py has packed. */
  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /**
   * Cuts an image's packed maps apart.
   * @param {Uint8Array} bytes stage after stage, in each the methods and classes in order
   * @param {{name: string, size: number}[]} stages
   * @param {Object<string, Object<string, number[]>>} rawMaxima by method and class, in the order of the maps
   * @returns {Map<string, Float32Array>} enlarged maps, 0 to 1, by `key(method, kind, stage)`
   */
  function cutApart(bytes, stages, rawMaxima) {
    const maps = new Map();
    let start = 0;
    for (const { name, size } of stages) {
      for (const method of Object.keys(rawMaxima)) {
        for (const kind of Object.keys(rawMaxima[method])) {
          maps.set(key(method, kind, name), enlarge(bytes.subarray(start, start + size * size), size));
          start += size * size;
        }
      }
    }
    return maps;
  }

  const key = (method, kind, stage) => [method, kind, stage].join(" ");

  /** A square map enlarged to 32 by 32 as cv2.resize does it (bilinear), then scaled to 0 to 1. */
  function enlarge(places, size) {
    const along = Array.from({ length: SIDE }, (_, pixel) => between(pixel, size));
    const enlarged = new Float32Array(SIDE * SIDE);
    along.forEach(([top, bottom, down], row) => {
      along.forEach(([left, right, across], column) => {
        const above = mix(places[top * size + left], places[top * size + right], across);
        const below = mix(places[bottom * size + left], places[bottom * size + right], across);
        enlarged[row * SIDE + column] = mix(above, below, down);
      });
    });
    return scaled(enlarged);
  }

  /** The two places that a pixel's centre lies between, and how far it is from the first, 0 to 1. */
  function between(pixel, size) {
    const centre = ((pixel + 0.5) * size) / SIDE - 0.5;
    const first = Math.floor(centre);
    const inside = (place) => Math.min(Math.max(place, 0), size - 1);
    return [inside(first), inside(first + 1), centre - first];
  }

  const mix = (first, second, share) => first + share * (second - first);

  function scaled(values) {
    const smallest = Math.min(...values);
    const range = Math.max(...values) - smallest;
    return range > 0 ? values.map((value) => (value - smallest) / range) : values;
  }

  /**
   * A grey picture under its map, as cifarcam.figures.overlay makes it.
   * @param {Uint8Array} picture red, green and blue of each pixel
   * @param {Float32Array} heat the map, 0 to 1
   * @param {Uint8Array} colours red, green and blue of 256 steps
   * @param {number} strength share of the map's colour, 0 to 1
   */
  function overlay(picture, heat, colours, strength) {
    const pixels = new ImageData(SIDE, SIDE);
    heat.forEach((value, place) => {
      const grey = (picture[3 * place] + picture[3 * place + 1] + picture[3 * place + 2]) / 3;
      const step = Math.min(Math.floor(256 * value), 255);
      for (let channel = 0; channel < 3; channel += 1)
        pixels.data[4 * place + channel] = Math.round(mix(grey, colours[3 * step + channel], strength));
      pixels.data[4 * place + 3] = 255;
    });
    return pixels;
  }

  /** The picture as it is. */
  function plain(picture) {
    const pixels = new ImageData(SIDE, SIDE);
    for (let place = 0; place < SIDE * SIDE; place += 1)
      pixels.data.set([...picture.subarray(3 * place, 3 * place + 3), 255], 4 * place);
    return pixels;
  }

  /** Where a map is largest, in words such as "upper left, near the centre". */
  function strongest(heat) {
    const place = heat.indexOf(Math.max(...heat));
    const [row, column] = [Math.floor(place / SIDE), place % SIDE];
    const third = (position, names) => names[position < 13 ? 0 : position > 18 ? 2 : 1];
    const down = third(row, ["upper", "middle", "lower"]);
    const across = third(column, ["left", "middle", "right"]);
    if (down === across) return "centre";
    const near = [row, column].every((position) => position >= 8 && position < 24);
    return `${down} ${across}${near ? ", near the centre" : ""}`;
  }

  window.camExplorer = { ...window.camExplorer, SIDE, unpack, cutApart, key, overlay, plain, strongest };
})();
