// A list that comes in pages: more of it is added below what is shown, and nobody loses their place. What
// moves by itself is read again as far as it was shown; who comes back from a row finds the list as it was.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { get, withQuery } from './api.js';
import { t } from './i18n.js';
import { Failure } from './ui.js';

const MOST = 100; // rows of one page, as the server has it

/** What this step of the browser's history remembers under a name: only going back finds it again. */
function remembered(name) {
  return history.state?.lists?.[name];
}

function remember(name, value) {
  const lists = { ...history.state?.lists, [name]: value };
  history.replaceState({ ...history.state, lists }, '');
}

/** A state of a screen, such as a filter, that is there again when somebody comes back to it. */
export function useKept(name, first) {
  const [value, setValue] = useState(() => remembered(name) ?? first);
  const latest = useRef(value);

  /** Change some of it: what a timer says later does not undo what was chosen meanwhile. */
  function change(some) {
    latest.current = { ...latest.current, ...some };
    setValue(latest.current);
    remember(name, latest.current);
  }

  return [value, change];
}

/**
 * Read `path` in pages of `size`; `name` is where the rows lie in an answer, `by` what tells them apart; the list of
 * another `who` (somebody acted for) is another list; `read` asks, where a request needs more than its path.
 * Gives { answer, items, error, busy, hasMore, more, reload }; `answer` is that of the first page.
 */
export function useList(path, { query = {}, size = 20, name = 'items', by = 'id', who = '', read = get } = {}) {
  const key = `${who} ${withQuery(path, query)}`;
  const [state, setState] = useState({ answer: null, items: null, next: null, error: null, busy: false });
  const turn = useRef(0);
  const running = useRef(false);
  const wishes = useRef(new Set());
  const now = useRef({ items: [], next: null });
  const before = useRef(null);
  const isNew = useRef(true);

  async function page(limit, after) {
    return read(withQuery(path, { ...query, limit, after }));
  }

  /** From the beginning, as far as it was shown. */
  async function again() {
    const count = Math.max(size, now.current.items.length, before.current?.count ?? 0);
    const answer = await page(Math.min(MOST, count), null);
    let items = answer[name];
    let { next } = answer;
    while (next && items.length < count) {
      const rest = await page(Math.min(MOST, count - items.length), next);
      items = joined(items, rest[name], by);
      next = rest.next;
    }
    return { answer, items, next };
  }

  async function onward() {
    const rest = await page(size, now.current.next);
    return { items: joined(now.current.items, rest[name], by), next: rest.next };
  }

  /** One after the other, so that no answer is put upon a newer one. */
  async function run(wish) {
    wishes.current.add(wish);
    if (running.current) {
      return;
    }
    running.current = true;
    const mine = turn.current;
    try {
      while (wishes.current.size > 0) {
        const goesOn = Boolean(now.current.next) && wishes.current.delete('more');
        if (!goesOn) {
          wishes.current.clear();
        }
        const found = await (goesOn ? onward() : again());
        if (mine !== turn.current) {
          return;
        }
        now.current = found;
        setState((old) => ({ ...old, ...found, error: null, busy: wishes.current.has('more') }));
      }
    } catch (error) {
      if (mine === turn.current) {
        wishes.current.clear();
        setState((old) => ({ ...old, error, busy: false }));
      }
    } finally {
      if (mine === turn.current) {
        running.current = false;
      }
    }
  }

  function reload() {
    return run('reload');
  }

  function more() {
    setState((old) => ({ ...old, busy: true }));
    return run('more');
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: another list is read when its name changes
  useEffect(() => {
    turn.current += 1;
    running.current = false;
    wishes.current.clear();
    now.current = { items: [], next: null };
    before.current = (isNew.current && remembered(key)) || null;
    isNew.current = false;
    setState((old) => ({ ...old, items: null, next: null, error: null, busy: false }));
    reload();
    const keep = () => remember(key, { count: now.current.items.length, top: scrollY });
    addEventListener('click', keep, true);
    return () => {
      turn.current += 1;
      removeEventListener('click', keep, true);
    };
  }, [key]);

  useEffect(() => {
    if (state.items && before.current) {
      scrollTo(0, before.current.top);
      before.current = null;
    }
  }, [state.items]);

  return { ...state, size, hasMore: Boolean(state.next), more, reload };
}

/** Rows that are there already are shown once, as they are now. */
function joined(items, rest, by) {
  const fresh = new Set(rest.map((row) => row[by]));
  return [...items.filter((row) => !fresh.has(row[by])), ...rest];
}

/** The button below a list that has more, and how much is shown; nothing below a short list. */
export function More({ list, quiet = false }) {
  const said = useRef(null);
  const pressed = useRef(false);

  function more() {
    pressed.current = true;
    list.more();
  }

  // Who pressed it for the last page stands on a button that is gone: they go on from what it left behind.
  useEffect(() => {
    if (pressed.current && !list.busy) {
      pressed.current = false;
      if (!list.hasMore) {
        said.current?.focus({ preventScroll: true });
      }
    }
  }, [list.busy, list.hasMore]);

  if (!list.items || (!list.hasMore && !list.error && list.items.length <= list.size)) {
    return null;
  }
  return html`
    ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    ${!quiet && html`<p role="status" class="muted" tabindex="-1" ref=${said}>${t(list.hasMore ? 'list.shown' : 'list.all', { n: list.items.length })}</p>`}
    ${
      list.hasMore &&
      html`
      <button class="btn sec block" aria-disabled=${String(list.busy)} onClick=${() => list.busy || more()}>
        ${t(list.busy ? 'loading' : 'more')}
      </button>
    `
    }
  `;
}
