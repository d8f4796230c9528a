// An app made of the snippets of `docs/integration.md`: it prints one line of JSON for each thing that it sees.
// A line on stdin is something to do: `log`, `accept`, `deny`, `checkin`, `wrong`, `visits`, `check`, `close`.
//
// node guide.mjs '{"url":…,"websocket_url":…,"token":…,"stale":…,"protocol":"minimal"|"socket_io"|"websocket"|"none",
//                  "room_type":…,"room_id":…,"flat":…}'
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";
import { Api, answer, checkIn, logVisitor, visits } from "./snippets/api.mjs";
import { Room } from "./snippets/room.mjs";
import { listen, openSocketIo } from "./snippets/socket_io.mjs";
import { openWebSocket } from "./snippets/websocket.mjs";

const { url, websocket_url, token, stale, protocol, room_type, room_id, flat } = JSON.parse(process.argv[2]);
globalThis.crypto ??= webcrypto; // before Node.js 20
const see = (saw, payload) => console.log(JSON.stringify({ saw, payload }));

// As Firebase does it: what is kept may have run out, and a new one is fetched where that is asked for.
let kept = stale ?? token;
const getToken = async (refresh) => (kept = refresh ? token : kept);

let visitor;
const onEvent = (event, data) => {
  visitor = data.visitor_id ?? visitor;
  see(event, data);
};
const room = new Room(room_type, room_id, { onEvent, onStale: () => see("stale", {}) });
const api = new Api(url, getToken);
const open = {
  minimal: () => listen(url, getToken, room_id, (data) => onEvent("ring", data)),
  socket_io: () => openSocketIo(url, getToken, [room]),
  websocket: () => openWebSocket(websocket_url, getToken, [room]),
  none: () => undefined,
};
const live = open[protocol]();

const deeds = {
  log: async () => ({ visitor: (visitor = (await logVisitor(api, flat)).id) }),
  accept: async () => ({ status: await answer(api, visitor, "accept") }),
  deny: async () => ({ status: await answer(api, visitor, "deny") }),
  checkin: async () => checkIn(api, visitor),
  wrong: async () => api.post("/v1/visitors", { visitor_name: "", phone: "12", flat_id: "101" }),
  visits: async () => ({ count: (await all(visits(api))).length }),
  check: async () => void live.check(),
  close: async () => void live.close(),
};
const all = async (rows) => {
  const list = [];
  for await (const row of rows) list.push(row);
  return list;
};
createInterface({ input: process.stdin }).on("line", async (line) => {
  try {
    see(`did ${line}`, (await deeds[line]()) ?? {});
  } catch ({ name, status, code, details, message }) {
    see("refused", { name, status, code, details, message });
  }
});
