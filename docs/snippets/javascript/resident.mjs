// A resident's phone in a terminal, as the guide ends: it rings, asks, and answers.

// snippet: program
import { createInterface } from "node:readline";
import { Api, answer } from "./api.mjs";
import { Room } from "./room.mjs";
import { openSocketIo } from "./socket_io.mjs";

const backend = process.env.SOCIETY360_URL ?? "http://127.0.0.1:3000";
const uid = process.argv[2] ?? "demo-resident-101a";

// `cargo dev` signs in any user that is named. With Firebase it is `getAuth().currentUser.getIdToken(refresh)`.
let token;
async function getToken(refresh) {
  if (refresh || !token) token = (await (await fetch(`${backend}/_local/token?uid=${uid}`)).json()).token;
  return token;
}

const api = new Api(backend, getToken);
const { user, flats } = (await api.get("/v1/profile/me")).data;
const typed = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ring({ visitor_id, visitor_name, purpose, flat_number }) {
  console.log(`${visitor_name} (${purpose}) is at the gate for ${flat_number}. Let them in? y or n`);
  const { value = "n" } = await typed.next();
  console.log(`${visitor_name}: ${await answer(api, visitor_id, value === "y" ? "accept" : "deny")}`);
}

let asked = Promise.resolve(); // one question at a time
function onEvent(event, data) {
  if (event === "visitor_request") asked = asked.then(() => ring(data)).catch(console.error);
  else console.log(event, data.visitor_name);
}

// What is still open rings again after a gap, and there are no lists to read again.
const onStale = () => console.log("Listening.");
const rooms = flats.map(({ flat_id }) => new Room("flat", flat_id, { onEvent, onStale }));
openSocketIo(backend, getToken, rooms);
console.log(`${user.name} waits in ${flats.map((flat) => flat.flat_number).join(", ")}.`);
// end
