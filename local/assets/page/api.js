// The HTTP API, called as the apps call it: with a person's token, and with a key for each write.

import { note } from "./stream.js";

/** Milliseconds between tries of what a store that was away refused. */
const PAUSES = [300, 1000, 3000];
/** A token is good for an hour; it is asked for anew after this many milliseconds. */
const TOKEN_AGE = 50 * 60 * 1000;

/** What the API refused: its sentence, its code, and every field that is wrong. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.error ?? body?.message ?? `The system answered ${status}.`);
    this.status = status;
    this.code = body?.error_code;
    this.details = body?.details ?? [];
  }
}

/** Somebody with a token of the local issuer. */
export class Person {
  #token;
  #since = 0;

  constructor(uid, known = {}) {
    this.uid = uid;
    this.known = known;
  }

  /** A token that is good for some minutes at least. */
  async token() {
    if (!this.#token || Date.now() - this.#since > TOKEN_AGE) {
      const response = await fetch(`/_local/token?${new URLSearchParams({ uid: this.uid, ...this.known })}`);
      const body = await response.json();
      if (!response.ok) throw new Refused(response.status, body);
      [this.#token, this.#since] = [body.token, Date.now()];
    }
    return this.#token;
  }

  get = (path) => this.#call("GET", path);
  post = (path, body = {}) => this.#call("POST", path, body);
  delete = (path, body) => this.#call("DELETE", path, body);

  /** All pages of a list, up to `most` entries. */
  async list(path, most = 200) {
    const all = [];
    for (let cursor = ""; cursor !== null && all.length < most;) {
      const separator = path.includes("?") ? "&" : "?";
      const page = await this.get(cursor ? `${path}${separator}cursor=${encodeURIComponent(cursor)}` : path);
      all.push(...page.data);
      cursor = page.next_cursor ?? null;
    }
    return all;
  }

  async #call(method, path, body) {
    // The key stays the same from try to try, so that a write which did happen does not happen again.
    const headers = method === "GET" ? {} : { "Idempotency-Key": `page_${Date.now()}_${Math.random().toString(36).slice(2)}` };
    if (body) headers["Content-Type"] = "application/json";
    for (let tries = 0; ; tries += 1) {
      headers.Authorization = `Bearer ${await this.token()}`;
      let response;
      try {
        response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      } catch {
        note({ who: this.uid, kind: "HTTP", way: "up", text: `${method} ${path}: no answer` });
      }
      if (response) note({ who: this.uid, kind: "HTTP", way: "up", text: `${method} ${path}: ${response.status}` });
      if (response && response.status !== 503) {
        const answered = await response.json().catch(() => null);
        if (response.ok) return answered;
        throw new Refused(response.status, answered);
      }
      if (tries === PAUSES.length) throw new Error("The system cannot be reached. Please try again in a minute.");
      await new Promise((resolve) => setTimeout(resolve, PAUSES[tries]));
    }
  }
}

/** Does one thing after the other, so that what was read earlier never replaces what was read later. */
export function inOrder() {
  let last = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
}
