// Forms whose problems the API lists, all at once, beside their fields.

import { make } from "./elements.js";

function clear(form) {
  form.querySelector(".problems").replaceChildren();
  form.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
}

function show(form, error) {
  const details = error.details?.length ? error.details : [{ problem: error.message }];
  form.querySelector(".problems").replaceChildren(...details.map(({ field, problem }) => {
    const input = field && form.elements.namedItem(field);
    input?.setAttribute?.("aria-invalid", "true");
    const label = input?.labels?.[0]?.textContent ?? field;
    return make("li", {}, label ? `${label}: ${problem}` : problem);
  }));
  form.querySelector("[aria-invalid]")?.focus();
}

/** Sends a form with `act`, which is given its named fields; what is refused stands in its `.problems`. */
export function submitting(form, act) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const send = form.querySelector("button:not([type=button])");
    send.disabled = true;
    clear(form);
    try {
      await act(Object.fromEntries(new FormData(form)));
    } catch (error) {
      show(form, error);
    } finally {
      send.disabled = false;
    }
  });
}
