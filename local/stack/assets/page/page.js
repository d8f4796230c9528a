// The page: who acts at the desk and on the phone, and which view is seen.

import { Admin } from "./admin.js";
import { Person } from "./api.js";
import { Desk } from "./desk.js";
import { byId, make, say } from "./elements.js";
import { Phone } from "./phone.js";
import { PROTOCOLS } from "./socket.js";

const GUARDS = [1, 2, 3, 4].map((number) => `demo-guard-${number}`);

/** All flats of the society, by block, as the apps find them while signing up. */
async function flatsByBlock(person, society) {
  const of = async (path, key, id) => person.list(`/v1/${path}?${new URLSearchParams({ [key]: id })}`, 1000);
  const complexes = await of("complexes", "society_id", society);
  const blocks = (await Promise.all(complexes.map(({ id }) => of("blocks", "complex_id", id)))).flat();
  return Promise.all(blocks.map(async (block) => ({ block, flats: await of("flats", "block_id", block.id) })));
}

function options(select, groups) {
  select.replaceChildren(...groups.map(({ block, flats }) => make("optgroup", { label: block.name }, ...flats)));
}

function tabs() {
  const all = [...document.querySelectorAll("[role=tab]")];
  const choose = (chosen) => {
    for (const tab of all) {
      const is = tab === chosen;
      tab.setAttribute("aria-selected", String(is));
      tab.tabIndex = is ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !is;
    }
    chosen.focus();
    chosen.dispatchEvent(new Event("chosen"));
  };
  for (const tab of all) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowRight" || key === "ArrowLeft") choose(all[(all.indexOf(tab) + 1) % all.length]);
    });
  }
}

function unusable(text) {
  Object.assign(byId("unusable"), { textContent: text, hidden: false });
  byId("gate").hidden = true;
  document.querySelector(".tabs [role=tablist]").hidden = true;
}

async function start() {
  tabs();
  const first = new Person(GUARDS[0]);
  let profile;
  try {
    profile = (await first.get("/v1/profile/me")).data;
  } catch (error) {
    return unusable(`${error.message} This page acts with tokens of the local issuer, in the demo society.`);
  }
  if (!profile.guard) return unusable("This page acts in the demo society, which this database has not: start with cargo dev --fresh.");

  const blocks = await flatsByBlock(first, profile.guard.society_id);
  const byFlat = (build) => blocks.map(({ block, flats }) => ({ block, flats: flats.flatMap(build) }));
  const byNumber = byFlat((flat) => make("option", { value: flat.id }, flat.flat_number));
  options(byId("flat"), byNumber);
  options(byId("new-flat"), byFlat((flat) => make("option", { value: flat.id }, flat.flat_number)));
  options(byId("resident"), byFlat(({ flat_number: number }) => ["a", "b"].map((letter) =>
    make("option", { value: `demo-resident-${number}${letter}` }, `${number} ${letter.toUpperCase()}`))));
  byId("guard").replaceChildren(...GUARDS.map((uid) => make("option", { value: uid }, uid.replace("demo-guard-", "Guard "))));

  const [desk, phone, admin] = [new Desk(), new Phone(), new Admin(new Person("demo-admin"))];
  const people = new Map();
  const person = (uid) => people.get(uid) ?? people.set(uid, new Person(uid)).get(uid);
  const opened = (act) => act().catch((error) => say(error.message, true));
  const openDesk = () => opened(() => desk.open(person(byId("guard").value), PROTOCOLS[byId("desk-protocol").value]));
  const openPhone = () => opened(() => phone.open(person(byId("resident").value), PROTOCOLS[byId("phone-protocol").value]));
  for (const id of ["guard", "desk-protocol"]) byId(id).addEventListener("change", openDesk);
  for (const id of ["resident", "phone-protocol"]) byId(id).addEventListener("change", openPhone);
  byId("tab-administration").addEventListener("chosen", () => admin.read());
  await Promise.all([openDesk(), openPhone()]);
}

await start();
// Nothing can be pressed before there is somebody to do it.
byId("all").inert = false;
