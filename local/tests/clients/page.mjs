// The page behind a decision link, in a DOM. Argument: `{url}`. Orders on stdin: `look`, which tells what can be seen,
// `click ID`, `note TEXT`, `offline`, `online`, `open HASH` for another link in the same tab, `close`.
import { createInterface } from 'node:readline';
import { JSDOM, VirtualConsole } from 'jsdom';

const { url } = JSON.parse(process.argv[2]);
const tell = (saw, payload) => console.log(JSON.stringify({ saw, payload }));
let offline = false;

const problems = new VirtualConsole();
problems.on('jsdomError', (error) => tell('defect', error.message));
// A DOM for one tab; what its script asks for goes over the network, unless that is down.
const { window } = new JSDOM(await (await fetch(url)).text(), {
  url,
  runScripts: 'dangerously',
  virtualConsole: problems,
  beforeParse(window) {
    window.fetch = (path, init) => {
      if (offline) return Promise.reject(new TypeError('Failed to fetch'));
      return fetch(new URL(path, window.location.href), { ...init, signal: undefined });
    };
  },
});

const byId = (id) => window.document.getElementById(id);
const text = (id) => byId(id).textContent;
const shown = (id) => !byId(id).closest('[hidden]');

const look = () => ({
  url: window.location.href,
  title: text('title'),
  message: text('message'),
  problem: text('problem'),
  question: shown('question') && Object.fromEntries(
    ['visitor_name', 'purpose', 'flat', 'society_name', 'countdown'].map((id) => [id, text(id)])),
  can_answer: shown('question') && !byId('answer').disabled,
  can_retry: shown('retry'),
  focus: window.document.activeElement.id,
});

for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...rest] = line.split(' ');
  if (order === 'look') tell('page', look());
  if (order === 'click') byId(rest[0]).click();
  if (order === 'note') byId('note').value = rest.join(' ');
  if (order === 'offline' || order === 'online') offline = order === 'offline';
  if (order === 'open') window.location.hash = rest[0];
  if (order === 'close') break;
}
window.close();
process.exit(0);
