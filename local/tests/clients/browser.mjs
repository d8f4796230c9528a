// A person with a browser (Chromium, headless). Argument: `{url, width, scheme}`. Each line on stdin is an order
// `[what, ...words]`, answered with `done`, `answer`, or `failed` with why.
// A `defect` comes by itself: an error of the page's, or a request to another host. What can be seen is found by its accessible name.
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const { url, width = 1280, scheme = 'light' } = JSON.parse(process.argv[2]);
const tell = (saw, payload) => console.log(JSON.stringify({ saw, payload }));
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const isBrought = process.platform === 'linux' && process.arch === 'x64';
if (!isBrought && !process.env.CHROMIUM) {
  console.error('Tests of pages bring their Chromium along for Linux on x86-64 alone: please name one in CHROMIUM.');
  process.exit(1);
}
// Loading the package changes where libraries are looked for. Without a font Chromium crashes.
const brought = async () => ({
  executablePath: await (await import('@sparticuz/chromium')).default.executablePath(),
  fonts: { FONTCONFIG_FILE: fileURLToPath(new URL('fonts.conf', import.meta.url)) },
});
const { executablePath, fonts } = process.env.CHROMIUM ? { executablePath: process.env.CHROMIUM } : await brought();
const browser = await chromium.launch({ executablePath, args: flags, env: { ...process.env, ...fonts, HOME: tmpdir() } });
const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, reducedMotion: 'reduce' });
const page = await context.newPage();
page.setDefaultTimeout(25_000);
page.on('pageerror', (error) => tell('defect', error.message));
// Chromium says so of every answer from 400 on, which the page expects.
const isRefusal = (message) => message.text().startsWith('Failed to load resource');
page.on('console', (message) => message.type() === 'error' && !isRefusal(message) && tell('defect', message.text()));
page.on('request', (request) => new URL(request.url()).host === new URL(url).host || tell('defect', `asks ${request.url()}`));

/** Rules that are broken, each with the elements that break it. */
async function audit() {
  // Not as an element: the page's policy forbids scripts of others.
  const { readFileSync } = await import('node:fs');
  await page.evaluate(readFileSync(axe, 'utf8'));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, nodes }) => ({ rule: id, at: nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`) }));
}

// A part of the page: a section, a form or a list, by its name.
const within = (name) => name
  ? ['region', 'form', 'list'].map((role) => page.getByRole(role, { name, exact: true })).reduce((all, one) => all.or(one))
  : page;
const labelled = (label, place) => within(place).getByLabel(label, { exact: true });
const text = (words, place) => within(place).getByText(words).filter({ visible: true }).first();

const deeds = {
  open: (path) => page.goto(new URL(path, url).href),
  press: (name, place) => within(place).getByRole('button', { name, exact: true }).click(),
  tab: (name) => page.getByRole('tab', { name }).click(),
  unfold: (summary) => page.getByText(summary, { exact: true }).click(),
  fill: (label, words, place) => labelled(label, place).fill(words),
  tick: (label, on) => labelled(label).setChecked(on),
  keys: async (...keys) => { for (const key of keys) await page.keyboard.press(key); },
  sees: (words, place) => text(words, place).waitFor(),
  misses: (words, place) => text(words, place).waitFor({ state: 'hidden' }),
  offers: (name) => page.getByRole('button', { name, exact: true }).waitFor(),
  picture: (path) => page.screenshot({ path, fullPage: true }),
};

const questions = {
  audit,
  reads: async (selector) => (await page.locator(selector).allTextContents()).map((words) => words.trim()),
  focus: () => page.evaluate(() => {
    const at = document.activeElement;
    return at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent.trim();
  }),
  // How many pixels have to be scrolled sideways.
  overflow: () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [what, ...words] = JSON.parse(line);
  try {
    if (what in questions) tell('answer', await questions[what](...words));
    else await deeds[what](...words).then(() => tell('done', null));
  } catch (error) {
    tell('failed', `${line}: ${error.message}`);
  }
}
await browser.close();
process.exit(0);
