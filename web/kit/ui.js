// Small parts that every page uses: icons, headings, tags, notices, waiting and failing.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { t } from './i18n.js';

const PATHS = {
  home: 'M3 11l9-8 9 8v10h-6v-6H9v6H3z',
  wallet: 'M3 6h18v12H3zM3 10h18M7 15h4',
  cases: 'M6 3h12v18H6zM9 8h6M9 12h6M9 16h4',
  me: 'M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c0-4 4-6 8-6s8 2 8 6',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  camera: 'M4 8h3l2-3h6l2 3h3v11H4zM12 17a4 4 0 100-8 4 4 0 000 8z',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  shop: 'M4 10v10h16V10M3 10l2-6h14l2 6zM9 20v-6h6v6',
  house: 'M3 11l9-8 9 8M5 10v10h14V10M10 20v-5h4v5',
  baby: 'M12 21a8 8 0 100-16 8 8 0 000 16zM9 12h.01M15 12h.01M9 16c2 1.500 4 1.500 6 0M12 5c0-2 1-3 3-3',
  card: 'M3 5h18v14H3zM8 12a2 2 0 100-4 2 2 0 000 4zM5 16c0-2 6-2 6 0M14 10h4M14 14h4',
  car: 'M4 16v-4l2-6h12l2 6v4zM4 12h16M7 19v-3M17 19v-3',
  heart: 'M12 20s-8-5-8-11a4 4 0 018-1 4 4 0 018 1c0 6-8 11-8 11z',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 15a3 3 0 100-6 3 3 0 000 6z',
  bell: 'M6 17V11a6 6 0 0112 0v6l2 2H4zM10 21h4',
  search: 'M11 18a7 7 0 100-14 7 7 0 000 14zM16 16l5 5',
};

/** A line drawing beside a word; never the only carrier of a meaning. */
export function Icon({ name }) {
  return html`<svg class="ic" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}

let headingWantsFocus = false;

/** The next H1 that appears takes the focus (after a change of screen, not at the first load). */
export function focusNextHeading() {
  headingWantsFocus = true;
}

/** The one heading of a screen: names the window and takes the focus after a change of screen. */
export function H1({ text, hidden = false }) {
  const heading = useRef(null);
  useEffect(() => {
    document.title = `${text} · ${t('app')}`;
    if (headingWantsFocus) {
      headingWantsFocus = false;
      heading.current.focus({ preventScroll: true });
    }
  }, [text]);
  return html`<h1 ref=${heading} tabindex="-1" class=${hidden ? 'vh' : ''}>${text}</h1>`;
}

/** A state as word and colour: tone is ok, warn, bad, info or idle. */
export function Tag({ tone = 'info', children }) {
  return html`<span class=${`tag ${tone}`}>${children}</span>`;
}

/** Shown while something is read from the server. */
export function Loading() {
  return html`<p role="status" class="muted">${t('loading')}</p>`;
}

/** A refusal in words, with the way to try again. */
export function Failure({ error, retry }) {
  return html`
    <div class="note bad" role="alert">
      <b>${error.title ?? error.message}</b>
      ${error.detail && error.detail !== error.title && html`<p>${error.detail}</p>`}
      ${
        error.slug === 'step-up-required' &&
        html`
        <p><a class="btn sec sm" href=${`#/confirm?next=${encodeURIComponent(location.hash.slice(1))}`}>${t('confirm.title')}</a></p>
      `
      }
      ${retry && html`<p><button class="btn sec sm" onClick=${retry}>${t('retry')}</button></p>`}
    </div>
  `;
}

/** A screen that could not be opened: it still has its one heading. */
export function FailedScreen({ error, retry }) {
  return html`<${H1} text=${t('error.screen')} /><${Failure} error=${error} retry=${retry} />`;
}

/** Label and value pairs: items are [label, value]; empty values are left out. */
export function Facts({ items }) {
  const kept = items.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return html`
    <dl class="kv">
      ${kept.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}
    </dl>
  `;
}

/** A line that leads somewhere: bold name, small text below, an arrow. */
export function RowLink({ href, title, text, children }) {
  return html`
    <a class="row" href=${href}>
      <span class="grow"><b>${title}</b>${text && html`<small>${text}</small>`}</span>
      ${children}
      <span class="go" aria-hidden="true">›</span>
    </a>
  `;
}

/**
 * Read something when the screen opens (and again when `keys` change).
 * Gives { data, error, reload, set }.
 */
export function useData(read, keys = []) {
  const [state, setState] = useState({ data: null, error: null });
  const turn = useRef(0);

  const reload = useLatest(async () => {
    turn.current += 1;
    const mine = turn.current;
    try {
      const data = await read();
      if (mine === turn.current) {
        setState({ data, error: null });
      }
    } catch (error) {
      if (mine === turn.current) {
        setState((before) => ({ data: before.data, error }));
      }
    }
  });

  useEffect(
    () => {
      reload();
      return () => {
        turn.current += 1;
      };
    },
    // biome-ignore lint/correctness/useExhaustiveDependencies: what to ask again for is the caller's to say
    keys,
  );

  /** The answer to a change: what was asked for before it is older, whenever it arrives. */
  function set(data) {
    turn.current += 1;
    setState({ data, error: null });
  }

  return { ...state, reload, set };
}

/** Run one act at a time: gives { busy, error, run, clear }; `run` swallows the refusal after showing it. */
export function useAct() {
  const [state, setState] = useState({ busy: false, error: null });
  const running = useRef(false);

  async function run(act) {
    if (running.current) {
      return undefined;
    }
    running.current = true;
    setState({ busy: true, error: null });
    try {
      const result = await act();
      setState({ busy: false, error: null });
      return result;
    } catch (error) {
      setState({ busy: false, error });
      return undefined;
    } finally {
      running.current = false;
    }
  }

  return { ...state, run, clear: () => setState({ busy: false, error: null }) };
}

// What Preact leaves to be said once ------------------------------------------------------

/**
 * The same function for the life of a component; it runs what the last drawing passed.
 *
 * For listeners and timers: registered once, they would otherwise go on with what was known when
 * they were registered, and ask for a page of a list that has long become two.
 */
export function useLatest(run) {
  const latest = useRef(run);
  latest.current = run;
  const [stable] = useState(
    () =>
      (...given) =>
        latest.current(...given),
  );
  return stable;
}

/**
 * The page of a module, which is asked for when its name comes up: `{ name, view, error }` of what
 * arrived last. Modules may arrive in another order than they were asked for: a late one never wins.
 */
export function usePage(name, load) {
  const [loaded, setLoaded] = useState({ name: null, view: null, error: null });
  const open = useLatest(load);
  useEffect(() => {
    let left = false;
    const settle = (view, error) => left || setLoaded({ name, view, error });
    open(name).then(
      (module) => settle(module.default, null),
      (error) => settle(null, error),
    );
    return () => {
      left = true;
    };
  }, [name]);
  return loaded;
}
