// What the staff screens share: who is signed in, the route, live events of the department.

import { signal, useEffect } from '../vendor/preact-htm.js';
import { get, onSignedOut } from '../kit/api.js';
import { openLive } from '../kit/live.js';

export const route = signal(readRoute());
/** The signed-in officer; null when nobody is; undefined while we do not know yet. */
export const me = signal(undefined);
export const live = signal(null);

function readRoute() {
  return location.hash.slice(1) || '/';
}

export function followAddress(moved) {
  addEventListener('hashchange', () => {
    route.value = readRoute();
    moved();
  });
}

export function go(path) {
  location.hash = path;
}

export function welcome(officer) {
  me.value = officer;
  live.value ??= openLive('/api/staff/live');
}

export function farewell() {
  me.value = null;
  live.value?.close();
  live.value = null;
}

/** Ask the server who is signed in. */
export async function recall() {
  onSignedOut(farewell);
  try {
    welcome(await get('/api/staff/me'));
  } catch {
    me.value = null;
  }
}

export function useLive(listener) {
  const connection = live.value;
  useEffect(() => connection?.onEvent(listener), [connection]);
}
