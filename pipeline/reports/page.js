"use strict";
// Tables sort by a column's head, and filter by words; dots of a figure are reached by arrow keys. Without this script all is there to read.
const value = cell => { const found = parseFloat(cell.textContent); return Number.isNaN(found) ? cell.textContent : found; };
const compare = (a, b) => typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
function sortable(table) {
  table.querySelectorAll("thead th").forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button"; button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
      table.querySelectorAll("thead th").forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up === 1 ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows].map(row => [value(row.cells[place]), row]);
      rows.sort(([a], [b]) => (typeof a === typeof b ? up : 1) * compare(a, b));
      table.tBodies[0].replaceChildren(...rows.map(([, row]) => row));
    });
  });
}
document.querySelectorAll("main table").forEach(sortable);
document.querySelectorAll("input.filter").forEach(input => input.addEventListener("input", () => {
  const words = input.value.toLowerCase().split(/\s+/);
  for (const row of input.closest("section").querySelector("table").tBodies[0].rows)
    row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word));
}));
document.querySelectorAll("figure svg").forEach(svg => {
  const dots = [...svg.querySelectorAll("a[aria-label]")];
  dots.forEach((dot, place) => {
    dot.setAttribute("tabindex", place ? -1 : 0);
    dot.addEventListener("keydown", event => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = dots[(place + step + dots.length) % dots.length];
      dot.setAttribute("tabindex", -1); next.setAttribute("tabindex", 0); next.focus();
    });
  });
});
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(one => { one.open = true; }));
const reveal = () => { for (let one = document.getElementById(decodeURIComponent(location.hash.slice(1))); one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true; };
addEventListener("hashchange", reveal); reveal();
