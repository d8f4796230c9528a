// The WebSocket API in both of its protocols, and what a client has to do so that it misses nothing:
// join after each connect with `since`, ignore what it has seen, close gaps, ping, come back.

import { note } from "./stream.js";

/** Milliseconds between two pings; a connection that is quiet for ten minutes is closed. */
const PING = 4 * 60 * 1000;
/** Milliseconds that a gap in the numbers may last before what is missing is asked for. */
const GAP = 2000;
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

const here = (path) => Object.assign(new URL(path, location), { protocol: location.protocol.replace("http", "ws") });

/** JSON objects in frames; the token is a subprotocol, since browsers cannot set headers. */
const society360 = {
  kind: "society360",
  open: (token) => new WebSocket(here("/ws"), ["society360", token]),
  hello: () => null,
  isReady: (frame) => frame === null,
  write: (action, fields) => JSON.stringify({ action, ...fields }),
  read: (frame) => JSON.parse(frame),
};

/** Socket.IO 5 on Engine.IO 4 over WebSocket alone, as the apps speak it; the token is in the hello packet. */
const socketIo = {
  kind: "Socket.IO",
  open: () => new WebSocket(here("/socket.io/?EIO=4&transport=websocket")),
  hello: (frame, token) => (frame?.startsWith("0") ? `40${JSON.stringify({ token })}` : null),
  isReady: (frame) => frame?.startsWith("40"),
  write: (action, fields) => `42${JSON.stringify([action, fields])}`,
  read: (frame) => {
    if (!frame.startsWith("42")) return null;
    const [event, { _meta: meta, ...data }] = JSON.parse(frame.slice(2));
    return meta ? { event, ...meta, data } : { event, ...data };
  },
};

export const PROTOCOLS = { society360, "socket.io": socketIo };

/** One person's connection: it joins a room, and tells what happens there once, in order of arrival. */
export class Doorbell {
  #socket;
  #timers = [];
  #gap;
  #pause = SHORTEST_PAUSE;
  #closed = false;
  #seen = new Set();
  /** Number of the last event up to which nothing is missing; null before the first answer to a join. */
  #seq = null;
  #ahead = new Set();

  /** `heard(event, data)` for each event, `behind()` where lists have to be read again, `state(text)`. */
  constructor({ person, protocol, room, heard, behind, state }) {
    Object.assign(this, { person, protocol, room, heard, behind, state });
    this.#connect();
  }

  close() {
    this.#closed = true;
    this.#end();
    this.state("off");
  }

  async #connect() {
    this.state("connecting");
    let token;
    try {
      token = await this.person.token();
    } catch {
      return this.#again();
    }
    if (this.#closed) return;
    const socket = this.protocol.open(token);
    this.#socket = socket;
    const up = (text) => {
      this.#note("up", text);
      socket.send(text);
    };
    const ready = () => {
      this.#pause = SHORTEST_PAUSE;
      this.#join();
      this.#timers.push(setInterval(() => up(this.protocol.write("ping", {})), PING));
    };
    socket.onopen = () => this.protocol.isReady(null) && ready();
    socket.onmessage = ({ data: frame }) => {
      this.#note("down", frame);
      const hello = this.protocol.hello(frame, token);
      if (hello) up(hello);
      else if (this.protocol.isReady(frame)) ready();
      else this.#take(this.protocol.read(frame));
    };
    socket.onclose = () => socket === this.#socket && this.#again();
  }

  #join() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const text = this.protocol.write("join_room", { ...this.room, ...(this.#seq === null ? {} : { since: this.#seq }) });
    this.#note("up", text);
    this.#socket.send(text);
  }

  #take(message) {
    if (!message) return;
    if (message.event === "room_joined") {
      this.state("connected");
      this.#seq = message.seq;
      this.#closeGap();
      if (!message.recovered) this.behind();
    } else if (message.event === "pong") {
      const mine = message.rooms.find(({ room }) => room === this.#roomName());
      if (!mine || mine.seq > this.#seq) this.#join();
    } else if (message.event === "error") {
      this.state(message.message);
    } else if (message.id && !this.#seen.has(message.id)) {
      this.#seen.add(message.id);
      this.#ahead.add(message.seq);
      this.#closeGap();
      this.heard(message.event, message.data);
    }
  }

  /** Counts on as far as nothing is missing, and asks again for what stays missing. */
  #closeGap() {
    if (this.#seq === null) return;
    while (this.#ahead.delete(this.#seq + 1)) this.#seq += 1;
    this.#ahead.forEach((seq) => seq <= this.#seq && this.#ahead.delete(seq));
    clearTimeout(this.#gap);
    if (this.#ahead.size) this.#gap = setTimeout(() => this.#join(), GAP);
  }

  #roomName() {
    return `${this.room.room_type}:${this.room.room_id}`;
  }

  #again() {
    this.#end();
    if (this.#closed) return;
    this.state("connecting");
    // Not all at once, when all were closed at once.
    this.#timers.push(setTimeout(() => this.#connect(), this.#pause * (0.5 + Math.random())));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #end() {
    this.#timers.splice(0).forEach(clearTimeout);
    clearTimeout(this.#gap);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #note(way, text) {
    note({ who: this.person.uid, kind: this.protocol.kind, way, text });
  }
}
