// The guard's desk: who is at the gate, what the flat says, in and out, passes, emergencies.

import { inOrder } from "./api.js";
import { button, byId, clock, countdown, make, say, update } from "./elements.js";
import { submitting } from "./forms.js";
import { Doorbell } from "./socket.js";

const STATES = {
  pending: ["waiting for the flat", "warn"],
  accepted: ["may come in", "good"],
  denied: ["turned away", "bad"],
  checked_in: ["inside", "good"],
  checked_out: ["left", ""],
};

/** How far the question has come to the flat's phones, in words. */
export function deliveryText({ devices, sent, delivered, opened, unreachable, connected }) {
  const phones = (count) => `${count} of ${devices} ${devices === 1 ? "phone" : "phones"}`;
  const parts = [];
  if (connected) parts.push(`${connected} ${connected === 1 ? "app is" : "apps are"} open`);
  if (opened) parts.push(`opened on ${phones(opened)}`);
  else if (delivered) parts.push(`came to ${phones(delivered)}`);
  else if (sent) parts.push(`sent to ${phones(sent)}`);
  if (unreachable) parts.push(`${phones(unreachable)} cannot be reached`);
  return parts.join(", ") || "no phone of this flat can be reached: call them";
}

const EMERGENCY_STATES = {
  pending: ["nobody is on it", "bad"],
  addressed: ["a guard is on it", "warn"],
  resolved: ["it is over", "good"],
};

/** An emergency's state as a badge. */
export const emergencyBadge = (status) => badge(status, EMERGENCY_STATES);

/** A visitor's state as a badge. */
export function badge(status, states = STATES) {
  const [text, tone] = states[status] ?? [status, ""];
  return make("span", { className: "badge", data: { tone } }, text);
}

export class Desk {
  #visitors = new Map();
  #pass = null;
  #doorbell;
  #inOrder = inOrder();

  constructor() {
    submitting(byId("log"), (fields) => this.#log(fields));
    submitting(byId("pass"), ({ code }) => this.#lookUp(code));
    byId("clear-rejected").append(button("Clear those turned away", "", () => this.#clear()));
    if ("BarcodeDetector" in window && navigator.mediaDevices) {
      byId("scan").hidden = false;
      byId("scan").addEventListener("click", () => this.#scan());
    }
  }

  /** Begins anew, as this guard, over this protocol. */
  async open(guard, protocol) {
    this.#doorbell?.close();
    this.guard = guard;
    this.#visitors.clear();
    this.#show();
    const profile = await guard.get("/v1/profile/me");
    if (this.guard !== guard) return;
    this.post = profile.data.guard;
    this.#doorbell = new Doorbell({
      person: guard,
      protocol,
      room: { room_type: "society", room_id: this.post.society_id },
      heard: (event, data) => this.#heard(event, data),
      behind: () => this.#said(() => this.read()),
      state: (text) => Object.assign(byId("desk-state"), { textContent: text }).dataset.state = text,
    });
  }

  /** Reads what is true now. */
  async read() {
    await Promise.all([this.#readVisitors(), this.#readEmergencies()]);
  }

  /** Reads something, and shows it unless another guard has come meanwhile. */
  #keep(read) {
    const guard = this.guard;
    return this.#inOrder(async () => {
      const kept = await read(guard);
      if (this.guard !== guard) return;
      kept();
      this.#show();
    });
  }

  #readVisitors() {
    return this.#keep((guard) => this.#list(guard));
  }

  async #list(guard) {
    const { data: listed } = await guard.get("/v1/visitors?limit=30");
    const whole = await Promise.all(listed.map((visitor) =>
      visitor.status === "pending" ? guard.get(`/v1/visitors/${visitor.id}`).then(({ data }) => data) : visitor));
    return () => (this.#visitors = new Map(whole.map((visitor) => [visitor.id, visitor])));
  }

  #reread(id) {
    return this.#keep(async (guard) => {
      // Somebody who is not in the list was logged elsewhere, or is cleared.
      if (!this.#visitors.has(id) && this.#pass?.id !== id) return this.#list(guard);
      const { data } = await guard.get(`/v1/visitors/${id}`);
      return () => {
        if (this.#visitors.has(id)) this.#visitors.set(id, data);
        if (this.#pass?.id === id) this.#pass = { ...this.#pass, status: data.status, visit_id: data.visit_id };
      };
    });
  }

  async #heard(event, data) {
    try {
      if (event === "rejected_visitors_cleared") return await this.#readVisitors();
      if (event.startsWith("emergency_")) return await this.#readEmergencies();
      if (event === "request_approved") say(`${data.visitor_name}: the flat says ${data.decision === "accept" ? "yes" : "no"}.`);
      if (event === "visitor_timeout") say(`${data.visitor_name}: nobody in flat ${data.flat_number} has answered.`, true);
      if (data.visitor_id) await this.#reread(data.visitor_id);
    } catch (error) {
      say(error.message, true);
    }
  }

  async #log(fields) {
    const { vehicle_no, ...rest } = fields;
    const logged = await this.guard.post("/v1/visitors", { ...rest, ...(vehicle_no && { vehicle_no }) });
    say(`Flat ${logged.data.flat_details.flat_number} is rung for ${logged.data.visitor.visitor_name}.`);
    await this.#reread(logged.data.visitor.id);
  }

  async #lookUp(code) {
    this.#pass = null;
    this.#showPass();
    // A QR holds a UUID, a code is six characters.
    const path = code.includes("-") ? "by-qr" : "by-access-code";
    const { data } = await this.guard.get(`/v1/visitors/${path}/${encodeURIComponent(code.trim())}`);
    this.#pass = data;
    this.#showPass();
  }

  async #scan() {
    const camera = byId("camera");
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    Object.assign(camera, { srcObject: stream, hidden: false });
    await camera.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const until = Date.now() + 30_000;
    let seen = [];
    while (!seen.length && Date.now() < until) {
      await new Promise(requestAnimationFrame);
      seen = await detector.detect(camera);
    }
    stream.getTracks().forEach((track) => track.stop());
    camera.hidden = true;
    if (!seen.length) return;
    byId("code").value = seen[0].rawValue;
    byId("pass").requestSubmit();
  }

  async #clear() {
    const { deleted_count: count } = await this.#said(() => this.guard.delete("/v1/visitors/rejected")) ?? {};
    if (count !== undefined) say(`${count} cleared.`);
  }

  /** Does something, and says what was refused. */
  async #said(act) {
    try {
      return await act();
    } catch (error) {
      say(error.message, true);
      return undefined;
    }
  }

  #answer = (visitor, decision) => this.#said(async () => {
    await this.guard.post(`/v1/visitors/${visitor.id}/guard-respond`, { decision });
    await this.#reread(visitor.id);
  });

  #checkIn = (visitor, method) => this.#said(async () => {
    await this.guard.post("/v1/visits/checkin", { visitor_id: visitor.id, checkin_method: method });
    await this.#reread(visitor.id);
  });

  #checkOut = (visitor) => this.#said(async () => {
    await this.guard.post("/v1/visits/checkout", { visit_id: visitor.visit_id });
    await this.#reread(visitor.id);
  });

  /** Lets somebody in who has a pass: their flat has accepted ahead. */
  #admit = (visitor) => this.#said(async () => {
    await this.guard.post(`/v1/visitors/${visitor.id}/guard-respond`, { decision: "accept" });
    await this.#checkIn(visitor, "pass");
  });

  /** What a guard may do with a visitor now. */
  #deeds(visitor, pass) {
    const name = visitor.visitor_name;
    switch (visitor.status) {
      case "pending":
        return pass
          ? [button("Let in", name, () => this.#admit(visitor), { className: "yes" })]
          : [
            button("Called: yes", name, () => this.#answer(visitor, "accept")),
            button("Called: no", name, () => this.#answer(visitor, "deny")),
          ];
      case "accepted":
        return [button("Check in", name, () => this.#checkIn(visitor, "manual"), { className: "yes" })];
      case "checked_in":
        return visitor.visit_id
          ? [button("Check out", name, () => this.#checkOut(visitor))]
          : [];
      default:
        return [];
    }
  }

  // A pass waits until it ends; a visitor at the gate waits for minutes.
  #card(visitor, pass = visitor.approval_deadline === visitor.expected_end) {
    const where = `${visitor.purpose}, flat ${visitor.flat_number}, ${visitor.block_name}`;
    const waits = visitor.status === "pending" && !pass;
    const deeds = this.#deeds(visitor, pass);
    return make("li", { data: { tone: STATES[visitor.status]?.[1] ?? "" } },
      make("div", { className: "bar" }, make("strong", {}, visitor.visitor_name),
        pass && visitor.status === "pending" ? make("span", { className: "badge" }, "has a pass") : badge(visitor.status)),
      make("div", { className: "about" }, where, visitor.vehicle_no ? `, ${visitor.vehicle_no}` : "",
        pass && visitor.expected_end ? `, pass until ${clock(visitor.expected_end)}` : `, logged ${clock(visitor.created_at)}`),
      waits && make("div", { className: "bar" }, countdown(visitor.approval_deadline),
        make("span", { className: "delivery" }, visitor.delivery ? deliveryText(visitor.delivery) : "…")),
      deeds.length > 0 && make("div", { className: "row" }, ...deeds));
  }

  #show() {
    const wanted = [...this.#visitors.values()].map((visitor) =>
      [visitor.id, { same: JSON.stringify(visitor), make: () => this.#card(visitor) }]);
    update(byId("visitors"), new Map(wanted));
    byId("no-visitors").hidden = wanted.length > 0;
    this.#showPass();
  }

  #showPass() {
    const pass = this.#pass;
    update(byId("found"), new Map(pass
      ? [[pass.id, { same: JSON.stringify(pass), make: () => this.#card(pass, true) }]]
      : []));
  }

  async #readEmergencies() {
    const { data } = await this.guard.get("/v1/emergencies?limit=20");
    const open = data.filter(({ status }) => status !== "resolved");
    update(byId("emergencies"), new Map(open.map((one) => [one.id, {
      same: one.status,
      make: () => make("li", { data: { tone: "bad" } },
        make("div", { className: "bar" },
          make("strong", {}, `Emergency in flat ${one.flat_number}`),
          emergencyBadge(one.status)),
        make("div", {}, one.description ?? "", make("span", { className: "about" },
          ` ${one.reported_by_name ?? "a resident"}, ${clock(one.created_at)}`)),
        make("div", { className: "row" }, one.status === "pending"
          ? button("I go", `to flat ${one.flat_number}`, () => this.#step(one, "address"), { className: "danger" })
          : button("It is over", `in flat ${one.flat_number}`, () => this.#step(one, "resolve")))),
    }])));
  }

  #step = (emergency, step) => this.#said(async () => {
    await this.guard.post(`/v1/emergencies/${emergency.id}/${step}`);
    await this.#readEmergencies();
  });
}

