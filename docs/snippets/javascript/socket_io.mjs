// snippet: minimal
import { io } from "socket.io-client";

export function listen(url, getToken, flatId, ring) {
  const socket = io(url, {
    transports: ["websocket"],
    auth: async (send) => send({ token: await getToken() }),
  });
  socket.on("connect", () => socket.emit("join_room", { room_type: "flat", room_id: flatId }));
  socket.on("visitor_request", (visitor) => ring(visitor));
  return socket;
}
// end

// snippet: careful
export function openSocketIo(url, getToken, rooms) {
  const socket = io(url, {
    transports: ["websocket"],
    auth: async (send) => send({ token: await getToken() }),
  });
  const join = (room) => socket.emit("join_room", room.wish);
  const find = (name) => rooms.find((room) => room.name === name);

  socket.on("connect", () => rooms.forEach(join));
  socket.on("room_joined", (answer) => find(answer.room)?.joined(answer));
  // What has `_meta` is an event of a room; anything else is an answer.
  socket.onAny((event, { _meta, ...data }) => _meta && find(_meta.room)?.hear(event, data, _meta));
  socket.on("error", ({ code }) => code === "CONNECTION_UNKNOWN" && socket.disconnect().connect());
  socket.on("connect_error", async (error) => {
    if (socket.active) return; // it comes back by itself
    // The hello was refused: only a new token changes that.
    const expired = error.data?.code === "TOKEN_EXPIRED";
    if (expired) await getToken(true);
    setTimeout(() => socket.connect(), expired ? 1000 : 30_000);
  });

  // Every few minutes, and when the app comes to the front: no answer means no connection.
  const check = () => {
    if (!socket.connected) return; // it comes back by itself
    socket.timeout(10_000).emit("positions", {}, (silence, answer) => {
      if (silence) socket.disconnect().connect();
      else if (answer.event === "pong") rooms.filter((room) => room.isBehind(answer.rooms)).forEach(join);
    });
  };
  const timer = setInterval(check, 4 * 60_000);
  const close = () => {
    clearInterval(timer);
    socket.disconnect();
  };
  return { check, close };
}
// end
