// What goes over the wires, newest first: the frames of both protocols as they are, and the calls of the HTTP API.

import { byId, make } from "./elements.js";

/** How many lines are kept. */
const MOST = 200;
const ARROWS = { up: "→ sent", down: "← came" };

/** Adds a line; `way` is `up` or `down`. Tokens are not shown. */
export function note({ who, kind, way, text }) {
  const hidden = text.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "eyJ…");
  const line = make("li", { data: { kind } },
    make("time", {}, new Date().toLocaleTimeString([], { hour12: false })),
    make("span", { className: "who" }, who.replace("demo-", "")),
    make("span", { className: "kind" }, kind),
    make("span", { className: "way" }, ARROWS[way]),
    make("code", {}, hidden));
  const lines = byId("frames");
  lines.prepend(line);
  while (lines.children.length > MOST) lines.lastElementChild.remove();
  filter();
}

function filter() {
  const only = byId("only").value;
  for (const line of byId("frames").children) line.hidden = only !== "" && line.dataset.kind !== only;
}

byId("only").addEventListener("change", filter);
byId("clear").addEventListener("click", () => byId("frames").replaceChildren());
