"use strict";
const all = (query, root = document) => [...root.querySelectorAll(query)];

const THEMES = ["auto", "light", "dark"];
const theme = document.getElementById("theme");
const remember = (value) => { try { localStorage.setItem("theme", value); } catch { /* private mode or file: nothing is remembered */ } };
const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
const wear = (value) => {
  if (value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
  theme.textContent = `theme: ${value}`;
};
let worn = THEMES.includes(remembered()) ? remembered() : "auto";
wear(worn);
theme.addEventListener("click", () => {
  worn = THEMES[(THEMES.indexOf(worn) + 1) % THEMES.length];
  wear(worn);
  remember(worn);
});

const tabs = all("[role=tab]");
all("[role=tablist]").forEach((list) => {
  const scope = list.closest("[data-scope]") || document;
  const mine = tabs.filter((tab) => list.contains(tab));
  const choose = (chosen) => {
    mine.forEach((tab) => {
      const on = tab.dataset.tab === chosen;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
    });
    all("[data-panel]", scope).forEach((panel) => { panel.hidden = panel.dataset.panel !== chosen; });
  };
  mine.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(tab.dataset.tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = mine[(i + step + mine.length) % mine.length];
      choose(next.dataset.tab);
      next.focus();
    });
  });
  choose("0");
});

const goTo = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
};
window.addEventListener("hashchange", goTo);
goTo();

const valueOf = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.sort !== undefined ? Number(cell.dataset.sort) : cell.textContent.trim();
};
const compare = (a, b, sign) => {
  const numbers = [a, b].map((v) => typeof v === "number");
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return sign * (numbers[0] ? a - b : a.localeCompare(b));
};
all(".scroll > table > thead button").forEach((button) => {
  const head = button.closest("th");
  const table = head.closest("table");
  button.addEventListener("click", () => {
    const sign = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => row.classList.contains("line"));
      const details = new Map(rows.map((row) => [row, row.nextElementSibling]));
      rows.sort((a, b) => compare(valueOf(a, head.cellIndex), valueOf(b, head.cellIndex), sign));
      for (const row of rows) {
        const detail = details.get(row);
        body.append(row);
        if (detail && detail.classList.contains("detail")) body.append(detail);
      }
    }
  });
});

all("button.open").forEach((button) => button.addEventListener("click", () => {
  const detail = button.closest("tr").nextElementSibling;
  detail.hidden = !detail.hidden;
  button.setAttribute("aria-expanded", !detail.hidden);
}));

all("button.copy").forEach((button) => button.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "copied";
  } catch {
    window.prompt("Copy:", button.dataset.copy);
  }
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}));

const viewer = document.getElementById("viewer");
const picture = viewer.querySelector("img");
let scale = 1;
const zoom = (value) => {
  scale = Math.min(8, Math.max(0.25, value));
  picture.width = Math.round(picture.naturalWidth * scale);
};
const tools = { in: () => zoom(scale * 2), out: () => zoom(scale / 2), close: () => viewer.close() };
all("button.zoom").forEach((button) => button.addEventListener("click", () => {
  const image = button.querySelector("img");
  picture.src = image.src;
  picture.alt = image.alt;
  viewer.querySelector("span").textContent = image.alt;
  viewer.showModal();
  zoom(Math.max(1, Math.floor((viewer.clientWidth - 40) / image.naturalWidth)));
}));
all("[data-scale]", viewer).forEach((button) => button.addEventListener("click", () => tools[button.dataset.scale]()));
picture.addEventListener("click", tools.in);
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });

const cue = (box) => {
  const left = box.scrollWidth - box.clientWidth - box.scrollLeft;
  const hint = box.previousElementSibling;
  if (hint && hint.classList.contains("cue")) hint.classList.toggle("on", left > 4);
};
const boxes = all(".scroll");
boxes.forEach((box) => box.addEventListener("scroll", () => cue(box), { passive: true }));
if ("ResizeObserver" in window) {
  const watch = new ResizeObserver((seen) => seen.forEach((entry) => cue(entry.target)));
  boxes.forEach((box) => watch.observe(box));
}
boxes.forEach(cue);
