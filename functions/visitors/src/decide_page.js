'use strict';
(() => {
  const PATIENCE = 10000;
  const byId = (id) => document.getElementById(id);
  const show = (id, shown) => { byId(id).hidden = !shown; };

  const STATES = {
    pending: 'Nobody has answered yet.',
    accepted: 'The visitor may come in.',
    denied: 'The visitor was turned away.',
    checked_in: 'The visitor has come in.',
    checked_out: 'The visitor has left.',
  };

  let token = '';
  let ticking = 0;
  let again = () => {};

  // A token in the address bar would stay in the history, and in whatever picture is taken of the screen.
  const open = () => {
    const found = location.hash.slice(1);
    if (found) {
      token = found;
      history.replaceState(null, '', location.pathname + location.search);
    }
    if (token) ask();
    else end('Link incomplete', 'Please open the link in the message once more.');
  };

  const call = async (path, body) => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), PATIENCE);
    try {
      const response = await fetch(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(Object.assign({ token }, body)),
        credentials: 'omit',
        signal: limit.signal,
      });
      const answer = await response.json();
      // The phone's own clock may be wrong.
      const now = Date.parse(response.headers.get('date')) || Date.now();
      return { status: response.status, answer, now };
    } finally {
      clearTimeout(timer);
    }
  };

  const ask = async () => {
    wait('One moment…');
    const found = await attempt(ask, 'decide/visitor', {});
    if (!found) return;
    if (found.status !== 200) return refused(found);
    const visitor = found.answer.data;
    if (visitor.status !== 'pending') return end('Already answered', STATES[visitor.status]);
    for (const field of ['visitor_name', 'purpose', 'society_name']) byId(field).textContent = visitor[field];
    byId('flat').textContent = `${visitor.flat_number}, ${visitor.block_name}`;
    count(Date.parse(visitor.approval_deadline) - found.now);
    question();
  };

  const decide = async (decision) => {
    const retry = () => decide(decision);
    wait('Sending your answer…');
    const note = byId('note').value.trim();
    const found = await attempt(retry, 'decide', note ? { decision, note } : { decision });
    if (!found) return;
    if (found.status === 400) return correct(found.answer);
    if (found.status !== 200) return refused(found);
    const done = found.answer.data.status === 'accepted' ? 'may come in' : 'is turned away';
    end('Done', `${byId('visitor_name').textContent} ${done}. The gate has been told.`);
  };

  // The answer, or nothing where there is none yet and the same can be tried again: a link's decision counts once.
  const attempt = async (retry, path, body) => {
    let found;
    try {
      found = await call(path, body);
    } catch (_) {
      return trouble(retry, 'There is no connection. Your answer may not have arrived.');
    }
    if (found.status === 429) return trouble(retry, 'Too many attempts. Please wait a little.');
    if (found.status >= 500) return trouble(retry, 'The service is briefly unavailable.');
    return found;
  };

  const refused = async ({ status, answer }) => {
    const state = STATES[answer.data && answer.data.status] || '';
    if (answer.error_code === 'DEADLINE_PASSED') return end('Too late', `The time to answer is over. ${state}`);
    if (answer.error_code === 'WRONG_STATE') return end('Already answered', state);
    // The link was used for another answer; that one counts.
    if (status === 422) return ask();
    return end('Link not valid', 'This link does not work, or it is no longer yours. Please answer in the app, or call the gate.');
  };

  const correct = (answer) => {
    const problems = (answer.details || []).map(({ field, problem }) => `${field}: ${problem}`);
    question();
    byId('problem').textContent = problems.join('; ') || answer.error;
    byId('note').focus();
  };

  const question = () => {
    byId('message').textContent = '';
    byId('problem').textContent = '';
    byId('answer').disabled = false;
    show('question', true);
    show('retry', false);
  };

  const wait = (text) => {
    byId('message').textContent = text;
    byId('problem').textContent = '';
    byId('answer').disabled = true;
    show('retry', false);
  };

  const trouble = (retry, text) => {
    wait(text);
    again = retry;
    show('retry', true);
    byId('retry').focus();
  };

  const end = (title, text) => {
    clearInterval(ticking);
    byId('title').textContent = title;
    byId('message').textContent = text;
    show('question', false);
    show('retry', false);
    byId('title').focus();
  };

  const count = (left) => {
    const until = performance.now() + Math.max(left, 1000);
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((until - performance.now()) / 1000));
      byId('countdown').textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
      // The server says what became of it, unless an answer is on its way.
      if (seconds === 0 && !byId('answer').disabled) {
        clearInterval(ticking);
        ask();
      }
    };
    clearInterval(ticking);
    ticking = setInterval(tick, 500);
    tick();
  };

  byId('accept').addEventListener('click', () => decide('accept'));
  byId('deny').addEventListener('click', () => decide('deny'));
  byId('retry').addEventListener('click', () => again());
  // A second link in the same tab changes nothing but what stands behind #.
  addEventListener('hashchange', () => {
    if (location.hash.length > 1) {
      byId('title').textContent = 'Visitor at the gate';
      open();
    }
  });
  open();
})();
