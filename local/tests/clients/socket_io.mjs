// A Socket.IO client as the apps are one: it joins its room after each connect, and it prints one line
// of JSON for each thing that it sees. A line on stdin is something to do.
//
// node socket_io.mjs '{"url":…,"token":…,"token_in":"hello"|"query","room":{…},"ack":false,"since":false,
//                    "client":"socket.io-client"}'
import { createInterface } from "node:readline";
const { url, token, token_in, room, ack, since, client } = JSON.parse(process.argv[2]);
const { io } = await import(client ?? "socket.io-client"); // package.json has older ones under other names
const see = (saw, payload) => console.log(JSON.stringify({ saw, payload }));

const place = token_in === "query" ? { query: { token } } : { auth: { token } };
const socket = io(url, { transports: ["websocket"], ...place });
let seq;
let epoch;

socket.on("connect", () => {
  see("connected");
  const wish = since ? { ...room, since: seq, epoch } : room;
  if (ack) socket.emit("join_room", wish, (answer) => see("acknowledged", answer));
  else socket.emit("join_room", wish);
});
socket.onAny((event, payload) => {
  const position = payload?._meta?.seq ?? (event === "room_joined" ? payload.seq : undefined);
  if (position !== undefined) seq = Math.max(seq ?? 0, position);
  if (event === "room_joined") epoch = payload.epoch;
  see(event, payload);
});
let greetings = 0;
socket.io.engine.on("handshake", () => ++greetings > 1 && see("greeted_again"));
socket.on("disconnect", (reason) => see("disconnected", reason));
socket.on("connect_error", ({ message, data }) => see("connect_error", { message, data }));

const deeds = {
  leave: () => socket.emit("leave_room", room),
  disconnect: () => socket.disconnect(),
};
createInterface({ input: process.stdin }).on("line", (line) => deeds[line]());
