// What the pages build their elements with, and how they write times.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** An element with properties and children; text is never read as HTML. `data` and `aria` may be objects. */
export function make(name, { data = {}, aria = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  Object.assign(element.dataset, data);
  for (const [key, value] of Object.entries(aria)) element.setAttribute(`aria-${key}`, value);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * A button that does one thing at a time: it cannot be pressed again before that is done. People who only hear
 * the page is also told whom it is about.
 */
export function button(text, about, act, properties = {}) {
  const aria = about ? { label: `${text} ${about}` } : {};
  const made = make("button", { type: "button", aria, ...properties }, text);
  made.addEventListener("click", async () => {
    made.disabled = true;
    try {
      await act();
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/**
 * Makes the children of `list` those of `wanted`, a Map from a key to `{same, make}`. What is already there
 * with the same `same` stays as it is, so that focus and what was typed are kept.
 */
export function update(list, wanted) {
  const there = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let at = list.firstElementChild;
  for (const [key, { same, make: build }] of wanted) {
    let child = there.get(key);
    there.delete(key);
    if (child?.dataset.same !== same) {
      const built = build();
      Object.assign(built.dataset, { key, same });
      if (child) {
        if (child === at) at = built;
        child.replaceWith(built);
      }
      child = built;
    }
    if (child === at) at = at.nextElementSibling;
    else list.insertBefore(child, at);
  }
  for (const child of there.values()) child.remove();
}

/** A time of today as `14:05`, of another day with its date. */
export function clock(text) {
  const time = new Date(text);
  const today = time.toDateString() === new Date().toDateString();
  return time.toLocaleString([], today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** An element that counts down to `deadline`, as `4:05`. One timer moves all that are on the page. */
export function countdown(deadline) {
  const element = make("span", { className: "countdown", role: "timer", data: { deadline } });
  tick(element);
  return element;
}

function tick(element) {
  const left = Math.max(0, Math.ceil((Date.parse(element.dataset.deadline) - Date.now()) / 1000));
  const text = left ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left` : "time is over";
  if (element.textContent !== text) element.textContent = text;
  element.classList.toggle("late", left < 60);
}

setInterval(() => document.querySelectorAll(".countdown").forEach(tick), 500);

/** Says something to the user of the page, also to a screen reader. */
export function say(text, bad = false) {
  const said = byId("said");
  said.replaceChildren(make("p", { className: bad ? "bad" : "good" }, text));
  clearTimeout(say.timer);
  say.timer = setTimeout(() => said.replaceChildren(), 8000);
}
