// A plain WebSocket client: it joins its room, and it prints one line of JSON for each thing that it sees.
// A line on stdin is something to do.
//
// node native.mjs '{"url":…,"token":…,"token_in":"query"|"header"|"subprotocol","room":{…}}'
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

const { url, token, token_in, room } = JSON.parse(process.argv[2]);
const see = (saw, payload) => console.log(JSON.stringify({ saw, payload }));
const say = (action) => socket.send(JSON.stringify({ action, ...room }));

const dial = {
  query: () => new WebSocket(`${url}?token=${token}`),
  header: () => new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } }),
  subprotocol: () => new WebSocket(url, ["society360", token]),
};
const socket = dial[token_in]();

socket.on("open", () => {
  see("connected", { subprotocol: socket.protocol });
  say("join_room");
});
socket.on("message", (frame) => {
  const { event, ...rest } = JSON.parse(frame);
  see(event, rest);
});
socket.on("close", (code) => see("disconnected", code));
socket.on("error", ({ message }) => see("connect_error", { message }));

const deeds = {
  leave: () => say("leave_room"),
  disconnect: () => socket.close(),
};
createInterface({ input: process.stdin }).on("line", (line) => deeds[line]());
