// What an admin does: answers who wants to live here, and looks at what went on.

import { Person } from "./api.js";
import { button, byId, clock, make, say, update } from "./elements.js";
import { emergencyBadge } from "./desk.js";
import { submitting } from "./forms.js";

const DAYS = 7;

/** The day of a time on this machine's calendar, as `2026-11-23`. */
const day = (time) => new Date(time).toLocaleDateString("sv");

export class Admin {
  constructor(admin) {
    this.admin = admin;
    submitting(byId("newcomer"), (fields) => this.#ask(fields));
    byId("reread").append(button("Read again", "the reports", () => this.read()));
  }

  /** Reads what is true now. */
  async read() {
    try {
      await Promise.all([this.#readRequests(), this.#readReports()]);
    } catch (error) {
      say(error.message, true);
    }
  }

  async #ask({ flat_id, requested_role }) {
    const phone = byId("new-phone").value.trim();
    const newcomer = new Person(`demo-newcomer-${phone.replace(/\D/g, "")}`, { name: byId("new-name").value.trim(), phone });
    await newcomer.post("/v1/resident-requests", { flat_id, requested_role });
    say("The request is with the admin.");
    await this.#readRequests();
  }

  async #readRequests() {
    const open = await this.admin.list("/v1/resident-requests?status=pending");
    update(byId("requests"), new Map(open.map((one) => [one.id, { same: one.status, make: () => this.#request(one) }])));
    byId("no-requests").hidden = open.length > 0;
  }

  #request(one) {
    const name = one.requesting_user_name ?? "Somebody";
    const decide = (decision) => async () => {
      try {
        const { data } = await this.admin.post(`/v1/resident-requests/${one.id}/${decision}`);
        say(data.message);
      } catch (error) {
        say(error.message, true);
      }
      await this.#readRequests();
    };
    return make("li", { data: { tone: "warn" } },
      make("div", { className: "bar" }, make("strong", {}, name), make("span", { className: "badge" }, one.requested_role)),
      make("div", { className: "about" }, `flat ${one.flat_number}, ${one.block_name}, ${one.requesting_user_phone ?? "no phone"}, ${clock(one.submitted_at)}`),
      make("div", { className: "row" },
        button("Approve", name, decide("approve"), { className: "yes" }),
        button("Reject", name, decide("reject"), { className: "no" })));
  }

  async #readReports() {
    const today = day(Date.now());
    const since = day(Date.now() - (DAYS - 1) * 86_400_000);
    const [visitors, visits, emergencies] = await Promise.all([
      this.admin.list(`/v1/visitors?date_from=${today}`, 1000),
      this.admin.list(`/v1/visits?from=${since}`, 1000),
      this.admin.get("/v1/emergencies?limit=10"),
    ]);
    const having = (...statuses) => visitors.filter(({ status }) => statuses.includes(status)).length;
    const figures = [
      ["Logged", visitors.length],
      ["Waiting", having("pending")],
      ["Let in", having("accepted", "checked_in", "checked_out")],
      ["Turned away", having("denied")],
      ["Inside now", visits.filter(({ checkout_time: out }) => !out).length],
    ];
    byId("today").replaceChildren(...figures.map(([name, count]) => make("div", {}, make("dt", {}, name), make("dd", {}, count))));
    this.#showDays(visits);
    byId("all-emergencies").replaceChildren(...emergencies.data.map((one) => make("li", {},
      make("div", { className: "bar" }, make("span", {}, `Flat ${one.flat_number}, ${clock(one.created_at)}: ${one.description ?? "no description"}`), emergencyBadge(one.status)))));
    byId("no-emergencies").hidden = emergencies.data.length > 0;
  }

  #showDays(visits) {
    const days = Map.groupBy(visits, (one) => day(one.checkin_time));
    byId("days").replaceChildren(...[...days].map(([name, all]) => {
      const over = all.filter((one) => one.checkout_time);
      const minutes = over.map((one) => (Date.parse(one.checkout_time) - Date.parse(one.checkin_time)) / 60_000);
      const mean = over.length ? Math.round(minutes.reduce((sum, one) => sum + one, 0) / over.length) : "–";
      return make("tr", {}, ...[name, all.length, all.length - over.length, mean].map((text) => make("td", {}, text)));
    }));
  }
}
