// A resident's phone: it rings, over the socket while the app is open and by push while it is not.

import { inOrder } from "./api.js";
import { button, byId, clock, countdown, make, say, update } from "./elements.js";
import { badge } from "./desk.js";
import { submitting } from "./forms.js";
import { Doorbell } from "./socket.js";

/** Milliseconds between two looks at what FCM was handed: here this page is the phone's push service. */
const PUSH_EVERY = 1500;

const HEARD = {
  visitor_checkin: (data) => `${data.visitor_name} has come in.`,
  visitor_checkout: (data) => `${data.visitor_name} has left.`,
  visitor_timeout: (data) => `${data.visitor_name} was turned away: nobody answered.`,
  guard_override: (data) => `The guard has answered for ${data.visitor_name}: ${data.decision === "accept" ? "yes" : "no"}.`,
  emergency_updated: (data) => (data.status === "resolved" ? "The emergency is over." : "A guard is on the way."),
};

export class Phone {
  #doorbell;
  #inOrder = inOrder();
  #pending = [];
  #pushes = [];
  #told = new Set();
  #passes = [];

  constructor() {
    submitting(byId("invite"), (fields) => this.#invite(fields));
    submitting(byId("preferences"), () => this.#save());
    byId("open").addEventListener("change", () => this.#ringOrSleep());
    byId("emergency").addEventListener("click", () => byId("emergency-dialog").showModal());
    byId("no-emergency").addEventListener("click", () => byId("emergency-dialog").close());
    byId("emergency-form").addEventListener("submit", (event) => this.#emergency(event));
    setInterval(() => this.#lookForPushes(), PUSH_EVERY);
  }

  /** Begins anew, as this resident, over this protocol. */
  async open(resident, protocol) {
    this.#doorbell?.close();
    Object.assign(this, { resident, protocol, flat: null });
    this.#pending = [];
    this.#pushes = [];
    this.#passes = [];
    this.#show();
    const { data } = await resident.get("/v1/profile/me");
    if (this.resident !== resident) return;
    this.flat = data.flat;
    this.pushToken = `phone-of-${resident.uid}`;
    await resident.post("/v1/fcm-token", { token: this.pushToken, device_type: "web" });
    await this.#readPreferences();
    this.#ringOrSleep();
  }

  #ringOrSleep() {
    this.#doorbell?.close();
    this.#doorbell = null;
    Object.assign(byId("phone-state"), { textContent: "off" }).dataset.state = "off";
    this.#show();
    if (!byId("open").checked || !this.flat) return;
    this.#doorbell = new Doorbell({
      person: this.resident,
      protocol: this.protocol,
      room: { room_type: "flat", room_id: this.flat.flat_id },
      heard: (event, data) => this.#heard(event, data),
      behind: () => this.#reread(),
      state: (text) => Object.assign(byId("phone-state"), { textContent: text }).dataset.state = text,
    });
  }

  /** Reads what is true now. */
  read() {
    return this.#inOrder(() => this.#readNow());
  }

  async #readNow() {
    const resident = this.resident;
    const [pending, lately] = await Promise.all([
      resident.list("/v1/visitors/pending"),
      resident.get("/v1/visitors?limit=10"),
    ]);
    if (this.resident !== resident) return;
    this.#pending = pending.filter(({ flat_id }) => flat_id === this.flat.flat_id);
    this.#show();
    update(byId("past"), new Map(lately.data.map((one) => [one.id, {
      same: one.status,
      make: () => make("li", {}, make("div", { className: "bar" },
        make("span", {}, `${one.visitor_name}, ${one.purpose}, ${clock(one.created_at)}`), badge(one.status))),
    }])));
  }

  #reread() {
    return this.read().catch((error) => say(error.message, true));
  }

  #heard(event, data) {
    if (event === "visitor_request") navigator.vibrate?.([300, 150, 300]);
    const text = HEARD[event]?.(data);
    if (text) say(text);
    return this.#reread();
  }

  async #answer(visitor, decision, note) {
    try {
      await this.resident.post(`/v1/visitors/${visitor.id}/respond`, { decision, ...(note && { note }) });
      say(decision === "accept" ? `${visitor.visitor_name} may come in.` : `${visitor.visitor_name} is turned away.`);
    } catch (error) {
      say(error.message, true);
    }
    await this.#reread();
  }

  #ring(visitor) {
    const note = make("input", { id: `note-${visitor.id}`, autocomplete: "off", maxLength: 1000 });
    const name = visitor.visitor_name;
    return make("li", { data: { tone: "warn" } },
      make("div", { className: "bar" }, make("strong", {}, `${name} is at the gate`), countdown(visitor.approval_deadline)),
      make("div", { className: "about" }, `${visitor.purpose}, ${visitor.phone}`, visitor.vehicle_no ? `, ${visitor.vehicle_no}` : ""),
      make("div", { className: "field" }, make("label", { htmlFor: note.id }, "A word for the guard"), note),
      make("div", { className: "row" },
        button("Let in", name, () => this.#answer(visitor, "accept", note.value), { className: "yes" }),
        button("Turn away", name, () => this.#answer(visitor, "deny", note.value), { className: "no" })));
  }

  #show() {
    const open = byId("open").checked;
    const rings = open ? this.#pending : [];
    update(byId("rings"), new Map(rings.map((one) => [one.id, { same: one.status, make: () => this.#ring(one) }])));
    byId("no-rings").hidden = rings.length > 0;
    byId("no-rings").textContent = open ? "Nobody is waiting at the gate." : "The app is closed; messages come by push.";
    document.title = rings.length ? `(${rings.length}) ${rings[0].visitor_name} is at the gate` : "Society360";
    update(byId("pushes"), new Map(this.#pushes.map((one) => [one.id, { same: one.id, make: () => this.#notification(one) }])));
    update(byId("passes"), new Map(this.#passes.map((one) => [one.id, { same: one.id, make: () => this.#pass(one) }])));
  }

  #notification({ id, title, body }) {
    return make("li", {}, make("div", { className: "bar" }, make("strong", {}, title),
      button("Open", title, () => this.#tap(id))), make("div", {}, body));
  }

  /** What FCM was handed for this phone; the phone says that it came, which the gate is shown. */
  async #lookForPushes() {
    const { resident, pushToken: token } = this;
    if (!token || document.hidden) return;
    const answer = await fetch("/_local/messages").then((response) => response.json()).catch(() => ({ fcm: [] }));
    for (const { to, status, message } of answer.fcm) {
      const id = message.message?.data?.notification_id ?? message.data?.notification_id;
      if (to !== token || status !== 200 || !id || this.#told.has(id)) continue;
      this.#told.add(id);
      const { title, body } = message.message?.notification ?? message.notification ?? {};
      await resident.post(`/v1/notifications/${id}/receipt`, { event: "delivered" }).catch(() => undefined);
      if (this.resident !== resident) return;
      // An open app has rung by itself.
      if (!byId("open").checked) this.#pushes = [{ id, title, body }, ...this.#pushes].slice(0, 5);
    }
    this.#show();
  }

  async #tap(id) {
    this.#pushes = [];
    await this.resident.post(`/v1/notifications/${id}/receipt`, { event: "opened" }).catch(() => undefined);
    byId("open").checked = true;
    this.#ringOrSleep();
  }

  async #invite(fields) {
    const people = Number(fields.number_of_people) || 1;
    const ends = new Date(Date.now() + byId("hours").value * 3_600_000).toISOString();
    const made = await this.resident.post("/v1/visitors/guest-pass",
      { ...fields, number_of_people: people, flat_id: this.flat.flat_id, expected_end: ends });
    this.#passes.unshift(made.data.visitor);
    byId("invite").reset();
    this.#show();
    say("The pass is made.");
  }

  #pass(visitor) {
    const invite = async () => {
      try {
        await this.resident.post(`/v1/visitors/${visitor.id}/send-invite`, { channel: "sms" });
        say("The code is on its way by SMS.");
      } catch (error) {
        say(error.message, true);
      }
    };
    return make("li", { data: { tone: "good" } },
      make("div", {}, `Pass of ${visitor.visitor_name}, until ${clock(visitor.expected_end)}`),
      make("div", { className: "code" }, visitor.access_code),
      make("div", { className: "about" }, `QR: ${visitor.qr_code}`),
      make("div", { className: "row" }, button("Send by SMS", `to ${visitor.visitor_name}`, invite)));
  }

  async #emergency(event) {
    event.preventDefault();
    byId("emergency-dialog").close();
    const description = byId("description").value;
    try {
      await this.resident.post("/v1/emergencies", { flat_id: this.flat.flat_id, ...(description && { description }) });
      byId("description").value = "";
      say("The guards have been called.");
    } catch (error) {
      say(error.message, true);
    }
  }

  async #readPreferences() {
    const { data } = await this.resident.get("/v1/notification-preferences");
    for (const name of ["push", "sms", "whatsapp"]) byId(name).checked = data[name];
    for (const name of ["quiet_from", "quiet_until"]) byId(name).value = data[name] ?? "";
  }

  async #save() {
    const chosen = Object.fromEntries(["push", "sms", "whatsapp"].map((name) => [name, byId(name).checked]));
    const quiet = Object.fromEntries(["quiet_from", "quiet_until"].map((name) => [name, byId(name).value || null]));
    await this.resident.post("/v1/notification-preferences", { ...chosen, ...quiet });
    say("Saved.");
  }
}
