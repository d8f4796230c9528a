// The WebSocket API in both of its protocols, and a connection that joins again after each connect, closes
// gaps, pings, and comes back. `room.js` is the one of docs/snippets.

import { Room } from "./room.js";
import { note } from "./stream.js";

/** Milliseconds between two pings; a connection that is quiet for ten minutes is closed. */
const PING = 4 * 60 * 1000;
/** Milliseconds that a gap in the numbers may last before what is missing is asked for. */
const GAP = 2000;
/** Milliseconds until a connection that says nothing is given up, as the apps' clients do. */
const PATIENCE = 20_000;
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

/** One person's connection to one room. What has to be heard once, and in whole, is the room's business. */
export class Doorbell {
  #socket;
  #timers = [];
  #gap;
  #pause = SHORTEST_PAUSE;
  #closed = false;

  /** `heard(event, data)` for each event, `behind()` where lists have to be read again, `state(text)`. */
  constructor({ person, protocol, room: { room_type, room_id }, heard, behind, state }) {
    Object.assign(this, { person, protocol, state });
    this.room = new Room(room_type, room_id, { onEvent: heard, onStale: behind });
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
      // It is not said why a connection was refused, so it may have been the token.
      token = await this.person.token(this.#pause > SHORTEST_PAUSE);
    } catch {
      return this.#again();
    }
    if (this.#closed) return;
    const socket = this.protocol.open(token);
    this.#socket = socket;
    const silence = setTimeout(() => socket === this.#socket && this.#again(), PATIENCE);
    this.#timers.push(silence);
    const ready = () => {
      clearTimeout(silence);
      this.#pause = SHORTEST_PAUSE;
      this.#join();
      this.#timers.push(setInterval(() => this.#send(this.protocol.write("ping", {})), PING));
    };
    socket.onopen = () => this.protocol.isReady(null) && ready();
    socket.onmessage = ({ data: frame }) => {
      this.#note("down", frame);
      const hello = this.protocol.hello(frame, token);
      if (hello) this.#send(hello);
      else if (this.protocol.isReady(frame)) ready();
      else this.#take(this.protocol.read(frame));
    };
    socket.onclose = () => socket === this.#socket && this.#again();
  }

  #send(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#note("up", text);
    this.#socket.send(text);
  }

  #join() {
    this.#send(this.protocol.write("join_room", this.room.wish));
  }

  #take(message) {
    if (!message) return;
    if (message.event === "room_joined") {
      this.state("connected");
      this.room.joined(message);
    } else if (message.event === "pong") {
      if (this.room.isBehind(message.rooms)) this.#join();
    } else if (message.event === "error") {
      this.state(message.message);
    } else if (message.id) {
      this.room.hear(message.event, message.data, message);
    }
    clearTimeout(this.#gap);
    if (this.room.ahead.size) this.#gap = setTimeout(() => this.#join(), GAP);
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
