// Puts the explorer of maps in the place of its still picture, where a page has one. Until the reader comes near it,
// nothing more than this is loaded; where it cannot be loaded, the still picture stays.
(() => {
  const FOLDER = new URL("../explorer/", document.currentScript.src);

  function load(name) {
    return new Promise((resolve, reject) => {
      document.head.append(
        Object.assign(document.createElement("script"), {
          src: new URL(name, FOLDER).href,
          onload: resolve,
          onerror: () => reject(new Error(`${name} could not be loaded`)),
        }),
      );
    });
  }

  async function begin(still) {
    try {
      for (const name of ["maps.js", "address.js", "markup.js", "explorer.js"]) await load(name);
      const explorer = document.createElement("cam-explorer");
      explorer.id = "cam-explorer";
      still.after(explorer);
      await explorer.begin();
      still.classList.add("explorer-in-its-place");
      explorer.scrollToChosen();
      if (location.hash === `#${explorer.id}`) explorer.scrollIntoView();
    } catch (error) {
      document.querySelector("cam-explorer")?.remove();
      still.classList.add("explorer-missing");
      console.warn(`The still picture of the explorer stays: ${error.message}`);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const still = document.querySelector(".explorer-still, .tag_explorer");
    if (!still) return;
    if (location.search || location.hash === "#cam-explorer") return void begin(still);
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        near.disconnect();
        begin(still);
      },
      { rootMargin: "100% 0%" },
    );
    near.observe(still);
  });
})();
