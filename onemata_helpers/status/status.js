"use strict";
const body = document.querySelector("tbody");
const value = (row, column) => row.cells[column].dataset.sort;
const byColumn = (column) => (a, b) =>
  value(a, column).localeCompare(value(b, column), undefined, { numeric: true });
document.querySelectorAll("thead th").forEach((head, column, heads) => {
  const button = document.createElement("button");
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((each) => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].sort(byColumn(column));
    body.append(...(up ? rows : rows.reverse()));
  });
});
