// What all screens of the citizen's app share: the route, who is signed in, size and theme, live events.

import { batch, signal, useEffect } from '../vendor/preact-htm.js';
import { useLatest } from '../kit/ui.js';
import { boot } from '../kit/i18n.js';

const NATIVE = '#native=';
let lastScreen = '#/';

export const route = signal(readRoute());
/** The signed-in citizen; null for a visitor; undefined while we do not know yet. */
export const me = signal(localStorage.getItem('signed-in') ? undefined : null);
export const size = signal(localStorage.getItem('size') ?? 'standard');
export const theme = signal(localStorage.getItem('theme') ?? 'auto');
export const live = signal(null);
/** A sentence shown on top of the present screen, such as "已提交"; gone with the next one. */
export const flash = signal(null);

export const demo = boot.demo ?? false;

function readRoute() {
  lastScreen = location.hash.startsWith(NATIVE) ? lastScreen : location.hash || '#/';
  const [path, query] = lastScreen.slice(1).split('?');
  return { path, query: new URLSearchParams(query) };
}

/** A native page left a result: hand it on, and stay on the screen we are on. */
async function takeNative(hash) {
  history.replaceState(null, '', lastScreen);
  const { heard } = await import('../kit/host.js');
  heard(hash);
}

let flashOfNextScreen = null;

/** Follow the address from now on; `moved` is called after each change of screen. */
export function followAddress(moved) {
  addEventListener('hashchange', () => {
    if (location.hash.startsWith(NATIVE)) {
      takeNative(location.hash);
      return;
    }
    batch(() => {
      flash.value = flashOfNextScreen;
      flashOfNextScreen = null;
      route.value = readRoute();
    });
    moved();
  });
}

/** Go to another screen, with a sentence to show there. */
export function go(path, text = null) {
  flashOfNextScreen = text;
  location.hash = path;
}

/** Go to another screen without a new step in the browser's history. */
export function replace(path, text = null) {
  flashOfNextScreen = text;
  history.replaceState(null, '', `#${path}`);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function setSize(next) {
  size.value = next;
  localStorage.setItem('size', next);
}

export function setTheme(next) {
  theme.value = next;
  localStorage.setItem('theme', next);
}

/** Put size and theme on the document; the style sheet does the rest. */
export function applyLooks() {
  const root = document.documentElement;
  if (size.value === 'standard') {
    delete root.dataset.size;
  } else {
    root.dataset.size = size.value;
  }
  if (theme.value === 'auto') {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme.value;
  }
}

/** Remember who signed in, and listen for what happens to their cases and licences. */
export async function welcome(person) {
  me.value = person;
  localStorage.setItem('signed-in', '1');
  const owner = localStorage.getItem('passes-of');
  if (owner && owner !== person.id) {
    await forgetOfflinePasses();
  }
  const [{ onSignedOut }, { openLive }] = await Promise.all([import('../kit/api.js'), import('../kit/live.js')]);
  onSignedOut(farewell);
  live.value ??= openLive('/api/citizen/live');
  if (localStorage.getItem('unsent:citizen')) {
    const { start } = await import('../kit/outbox.js');
    start(person.id, 'citizen');
  }
}

/** Messages that were not sent yet do not outlive the person's stay at this device. */
export async function forgetUnsent() {
  if (localStorage.getItem('unsent:citizen')) {
    const { forget } = await import('../kit/outbox.js');
    await forget('citizen');
  }
}

/** Offline passes stay for their day when a session ends by itself, not when somebody else comes. */
export async function forgetOfflinePasses() {
  localStorage.removeItem('passes-of');
  const { forgetPasses } = await import('./phone.js');
  await forgetPasses();
}

/** Forget the person on this device. */
export function farewell() {
  me.value = null;
  localStorage.removeItem('signed-in');
  live.value?.close();
  live.value = null;
}

/** Ask the server who is signed in; anything but a clear answer counts as nobody. */
export async function recall() {
  const { get } = await import('../kit/api.js');
  try {
    await welcome(await get('/api/citizen/me'));
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      farewell();
    } else {
      me.value = null;
    }
  }
}

/** Call `listener` for every live event while a screen is open. */
export function useLive(listener) {
  const connection = live.value;
  const hear = useLatest(listener);
  useEffect(() => connection?.onEvent(hear), [connection]);
}
