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

  function set(next) {
    setValue(next);
    remember(name, next);
  }

  return [value, set];
}

/**
 * Read `path` in pages of `size`; `name` is where the rows lie in an answer, `by` what tells them apart; the list of
 * another `who` (somebody acted for) is another list.
 * Gives { answer, items, error, busy, hasMore, more, reload }; `answer` is that of the first page.
 */
export function useList(path, { query = {}, size = 20, name = 'items', by = 'id', who = '' } = {}) {
  const key = `${who} ${withQuery(path, query)}`;
  const [state, setState] = useState({ answer: null, items: null, next: null, error: null, busy: false });
  const turn = useRef(0);
  const running = useRef(false);
  const again = useRef(false);
  const shown = useRef(0);
  const top = useRef(null);

  async function page(limit, after) {
    return get(withQuery(path, { ...query, limit, after }));
  }

  /** Read from the beginning as many rows as `count`. */
  async function read(count) {
    const answer = await page(Math.min(MOST, Math.max(size, count)), null);
    let items = answer[name];
    let { next } = answer;
    while (next && items.length < count) {
      const rest = await page(Math.min(MOST, count - items.length), next);
      items = joined(items, rest[name], by);
      next = rest.next;
    }
    return { answer, items, next };
  }

  async function run(work) {
    if (running.current) {
      again.current = true;
      return;
    }
    running.current = true;
    const mine = turn.current;
    try {
      do {
        again.current = false;
        const found = await work();
        if (mine !== turn.current) {
          return;
        }
        shown.current = found.items.length;
        setState((before) => ({ ...before, ...found, error: null, busy: false }));
        work = () => read(shown.current);
      } while (again.current);
    } catch (error) {
      if (mine === turn.current) {
        setState((before) => ({ ...before, error, busy: false }));
      }
    } finally {
      if (mine === turn.current) {
        running.current = false;
      }
    }
  }

  function reload() {
    return run(() => read(shown.current));
  }

  function more() {
    setState((before) => ({ ...before, busy: true }));
    return run(async () => {
      const rest = await page(size, state.next);
      const items = joined(state.items, rest[name], by);
      remember(key, { count: items.length, top: scrollY });
      return { items, next: rest.next };
    });
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: another list is read when its name changes
  useEffect(() => {
    const before = remembered(key);
    turn.current += 1;
    running.current = false;
    shown.current = before?.count ?? 0;
    top.current = before?.top ?? null;
    setState({ answer: null, items: null, next: null, error: null, busy: false });
    reload();
    const keep = () => shown.current > 0 && remember(key, { count: shown.current, top: scrollY });
    addEventListener('click', keep, true);
    return () => {
      turn.current += 1;
      removeEventListener('click', keep, true);
    };
  }, [key]);

  useEffect(() => {
    if (state.items && top.current !== null) {
      scrollTo(0, top.current);
      top.current = null;
    }
  }, [state.items]);

  return { ...state, size, hasMore: Boolean(state.next), more, reload };
}

/** Rows that are there already are shown once, as they are now. */
function joined(items, rest, by) {
  const fresh = new Set(rest.map((row) => row[by]));
  return [...items.filter((row) => !fresh.has(row[by])), ...rest];
}

/** A number that the server counts no further than `most`: 99+. */
export function upTo(number, most = 100) {
  return number < most ? String(number) : `${most - 1}+`;
}

/** The button below a list that has more, and how much is shown; nothing below a short list. */
export function More({ list }) {
  if (!list.items || (!list.hasMore && !list.error && list.items.length <= list.size)) {
    return null;
  }
  return html`
    ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    <p role="status" class="muted">${t(list.hasMore ? 'list.shown' : 'list.all', { n: list.items.length })}</p>
    ${
      list.hasMore &&
      html`
      <button class="btn sec block" aria-disabled=${String(list.busy)} onClick=${() => list.busy || list.more()}>
        ${t(list.busy ? 'loading' : 'more')}
      </button>
    `
    }
  `;
}
