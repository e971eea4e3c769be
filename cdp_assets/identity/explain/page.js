"use strict";
for (const box of document.querySelectorAll(".paths")) {
  const article = box.closest("article");
  const paths = JSON.parse(box.querySelector("script").textContent);
  const [from, to] = box.querySelectorAll("select");
  const list = box.querySelector(".path");
  const show = () => {
    const ends = [Number(from.value), Number(to.value)].sort((a, b) => a - b);
    const turned = Number(from.value) > Number(to.value);
    const found = ends[0] === ends[1] ? [] : paths[ends.join("-")];
    const way = found && turned ? [...found].reverse() : found;
    for (const edge of article.querySelectorAll(".graph .edge")) {
      edge.classList.toggle("on", (way || []).includes(Number(edge.dataset.link)));
    }
    for (const node of article.querySelectorAll(".graph .node")) {
      node.classList.toggle("on", ends.includes(Number(node.dataset.record ?? -1)));
    }
    list.replaceChildren(...(way || []).map((place) => step(box.dataset.prefix, place)));
    if (way === null || way === undefined) list.append(said("No links that hold join these two."));
    else if (!way.length) list.append(said("Choose two records."));
  };
  from.addEventListener("change", show);
  to.addEventListener("change", show);
  show();
}

function step(prefix, place) {
  const link = document.getElementById(`${prefix}-link-${place}`);
  const item = document.createElement("li");
  const jump = document.createElement("a");
  jump.href = `#${link.id}`;
  jump.append(...[...link.querySelector("summary").childNodes].map((node) => node.cloneNode(true)));
  jump.addEventListener("click", () => {
    for (let one = link; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    link.querySelector("details").open = true;
  });
  item.append(jump);
  return item;
}

function said(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}

addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
});
