// The HTTP API, called as the integration guide has apps call it. `guide.js` is the one of docs/snippets.

import { Api, ApiError } from "./guide.js";
import { note } from "./stream.js";

/** Somebody with a token of the local issuer. */
export class Person extends Api {
  #token;

  constructor(uid, known = {}) {
    super("", (refresh) => this.token(refresh));
    Object.assign(this, { uid, known });
  }

  /** A token; a new one where there is none yet, or where `refresh` asks for it. */
  async token(refresh = false) {
    if (!this.#token || refresh) {
      const response = await fetch(`/_local/token?${new URLSearchParams({ uid: this.uid, ...this.known })}`);
      const body = await response.json();
      if (!response.ok) throw new ApiError(response, body);
      this.#token = body.token;
    }
    return this.#token;
  }

  /** As the guide's, with a line on the page for each try. */
  async send(method, path, ...rest) {
    const told = (result) => note({ who: this.uid, kind: "HTTP", way: "up", text: `${method} ${path}: ${result}` });
    try {
      const answer = await super.send(method, path, ...rest);
      told("done");
      return answer;
    } catch (error) {
      told(error.status ?? "no answer");
      throw error instanceof ApiError ? error : new Error("The system cannot be reached. Please try again.");
    }
  }

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
