// What a page of Vite's development server sees at its own origin, with the proxy of `docs/integration.md` led to
// another port than the usual one.
//
// node vite.mjs '{"url":…,"flat":…}'
import { createServer } from "vite";
import { WebSocket } from "ws";
import { Api } from "./snippets/api.mjs";
import { listen } from "./snippets/socket_io.mjs";
import config from "./snippets/vite.config.mjs";

const { url, flat } = JSON.parse(process.argv[2]);
const see = (saw, payload) => console.log(JSON.stringify({ saw, payload }));

const elsewhere = (at) => (typeof at === "string" ? url : { ...at, target: url });
const proxy = Object.fromEntries(Object.entries(config.server.proxy).map(([path, at]) => [path, elsewhere(at)]));
const vite = await createServer({
  configFile: false,
  root: new URL("snippets", import.meta.url).pathname,
  cacheDir: new URL("vite-cache", import.meta.url).pathname,
  logLevel: "silent",
  server: { proxy, port: 0, host: "127.0.0.1", strictPort: false, watch: null, hmr: false },
});
await vite.listen();
const origin = `http://127.0.0.1:${vite.httpServer.address().port}`;

const { token } = await (await fetch(`${origin}/_local/token?uid=demo-resident-101a`)).json();
const api = new Api(origin, async () => token);
see("called", (await api.get("/v1/profile/me")).data.user.name);

const socket = listen(origin, async () => token, flat, () => {});
socket.on("room_joined", (answer) => {
  see("socket_io", answer);
  const plain = new WebSocket(`${origin.replace("http", "ws")}/ws`, ["society360", token]);
  plain.on("open", () => plain.send(JSON.stringify({ action: "join_room", room_type: "flat", room_id: flat })));
  plain.on("message", (frame) => see("websocket", JSON.parse(frame)));
});
process.stdin.on("end", () => process.exit()).resume();
