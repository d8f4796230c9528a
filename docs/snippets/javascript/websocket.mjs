import { WebSocket } from "ws"; // browsers, and Node.js from 22 on, have it without

// snippet: careful
export function openWebSocket(url, getToken, rooms) {
  let socket;
  let failures = 0;
  let over = false;
  let deadline;
  const say = (message) => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify(message));
    expect();
  };
  // Everything is answered, so silence means that the connection is dead. Closing it may take minutes.
  const expect = () => (deadline ??= setTimeout(lose, 10_000));
  const relax = () => (deadline = clearTimeout(deadline));
  const lose = () => {
    socket.onmessage = socket.onclose = null;
    socket.close();
    again();
  };
  const join = (room) => say({ action: "join_room", ...room.wish });
  const find = (name) => rooms.find((room) => room.name === name);

  const hear = ({ event, data, ...rest }) => {
    if (event === "room_joined") {
      failures = 0;
      find(rest.room)?.joined(rest);
    } else if (event === "pong") {
      rooms.filter((room) => room.isBehind(rest.rooms)).forEach(join);
    } else if (event === "error") {
      if (rest.code === "CONNECTION_UNKNOWN") socket.close();
      else console.warn(rest.code, rest.message);
    } else if (rest.id) {
      find(rest.room)?.hear(event, data, rest);
    }
  };

  const connect = async () => {
    let token;
    try {
      token = await getToken(failures > 0); // a browser does not say why it was refused: it may be the token
    } catch {
      return again();
    }
    if (over) return;
    socket = new WebSocket(url, ["society360", token]);
    expect();
    socket.onopen = () => rooms.forEach(join);
    socket.onmessage = ({ data }) => {
      relax();
      hear(JSON.parse(data));
    };
    socket.onerror = () => {}; // `onclose` follows
    socket.onclose = again;
  };
  const again = () => {
    relax();
    const seconds = Math.min(30, 2 ** failures++) * (0.5 + Math.random() / 2);
    if (!over) setTimeout(connect, 1000 * seconds);
  };
  connect();

  // Every few minutes, and when the app comes to the front.
  const check = () => say({ action: "ping" });
  const timer = setInterval(check, 4 * 60_000);
  const close = () => {
    over = true;
    clearInterval(timer);
    relax();
    socket?.close();
  };
  return { check, close };
}
// end
