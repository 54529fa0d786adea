// Figures and formulas that scroll sideways inside a page can be reached and scrolled by keyboard. The theme does this
// for code, text and tables; not every browser does it by itself.
(() => {
  const WIDE = ".bd-article :is(.cell_output, .math, mjx-container)";

  const update = () => {
    for (const element of document.querySelectorAll(WIDE)) {
      const scrolls =
        element.scrollWidth > element.clientWidth && /auto|scroll/.test(getComputedStyle(element).overflowX);
      if (scrolls) element.tabIndex = 0;
      else if (element.getAttribute("tabindex") === "0") element.removeAttribute("tabindex");
    }
  };

  addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    update();
    new ResizeObserver(update).observe(document.body);
  });
})();
