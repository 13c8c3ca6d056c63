"use strict";
// The table over all tasks: choose the attack, one task, a kind of references; take what is shown as CSV. `data`:
// values[task][fingerprint][attack] (task "" is the mean), references[fingerprint], order of attacks.
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.querySelector("table.explored");
  const heads = [...table.tHead.rows[0].cells].map(head => head.textContent);
  const rows = [...table.tBodies[0].rows].map(row => ({row, name: row.cells[0].firstChild.textContent}));
  const choose = (id, options) => {
    const select = document.getElementById(id);
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    select.addEventListener("change", show);
    return select;
  };
  const attack = choose("attack", data.attacks.map(name => [name, name]));
  attack.value = data.attack;
  const task = choose("task", [["", "all"], ...heads.slice(2).map(name => [name, name])]);
  const kinds = [...new Set(Object.values(data.references))].sort();
  const references = choose("references", [["*", "any"], ...kinds.map(kind => [kind, kind || "none"])]);
  function fill(cell, value, link) {
    const words = value === undefined ? "–" : value[0].toFixed(2);
    cell.replaceChildren();
    cell.removeAttribute("style");
    if (value === undefined) { cell.textContent = words; return; }
    cell.style.setProperty("--v", words);
    const inner = link ? Object.assign(document.createElement("a"), {href: link}) : document.createElement("span");
    inner.textContent = words;
    cell.append(inner);
    if (value.length > 1) {
      const small = document.createElement("small");
      small.textContent = `[${value[1].toFixed(2)}, ${value[2].toFixed(2)}]`;
      cell.append(" ", small);
    }
  }
  function show() {
    for (const {row, name} of rows) {
      row.classList.toggle("left-out", references.value !== "*" && data.references[name] !== references.value);
      heads.forEach((head, place) => {
        if (!place) return;
        const key = place === 1 ? "" : head;
        fill(row.cells[place], ((data.values[key] || {})[name] || {})[attack.value], data.links[key]);
        row.cells[place].hidden = place > 1 && task.value !== "" && task.value !== head;
      });
    }
    [...table.tHead.rows[0].cells].forEach((cell, place) => { cell.hidden = place > 1 && task.value !== "" && task.value !== heads[place]; });
  }
  document.getElementById("csv").addEventListener("click", () => {
    const quoted = text => `"${text.replaceAll('"', '""')}"`;
    const lines = [...table.rows].filter(row => row.offsetParent !== null).map(row => [...row.cells].filter(cell => !cell.hidden)
      .map((cell, place) => quoted(place || row.parentElement === table.tHead ? cell.textContent.trim() : cell.firstChild.textContent)).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], {type: "text/csv"}));
    link.download = `sac-bench-${attack.value}.csv`;
    link.click();
  });
}
