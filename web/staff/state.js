// What the staff screens share: who is signed in, the route, live events of the department.

import { signal, useEffect } from '../vendor/preact-htm.js';
import { useLatest } from '../kit/ui.js';
import { get, onSignedOut } from '../kit/api.js';
import { openLive } from '../kit/live.js';

export const route = signal(readRoute());
/** The signed-in officer; null when nobody is; undefined while we do not know yet. */
export const me = signal(localStorage.getItem('staff-signed-in') ? undefined : null);
export const live = signal(null);
/** The session is one of a password alone: it opens the enrolment of a second factor and nothing else. */
export const enrolling = signal(false);

/** Roles that read cases, and hear of them live. */
export const READERS = ['reviewer', 'window', 'supervisor'];

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

export function welcome(officer, mustEnrol = false) {
  me.value = officer;
  enrolling.value = mustEnrol;
  localStorage.setItem('staff-signed-in', '1');
  if (mustEnrol) {
    return;
  }
  if (officer.roles.some((role) => READERS.includes(role))) {
    live.value ??= openLive('/api/staff/live');
  }
  if (localStorage.getItem('unsent:staff')) {
    import('../kit/outbox.js').then(({ start }) => start(officer.id, 'staff'));
  }
}

/** Messages that were not sent yet do not outlive the officer's stay at this desk. */
export async function forgetUnsent() {
  if (localStorage.getItem('unsent:staff')) {
    const { forget } = await import('../kit/outbox.js');
    await forget('staff');
  }
}

export function farewell() {
  me.value = null;
  enrolling.value = false;
  localStorage.removeItem('staff-signed-in');
  live.value?.close();
  live.value = null;
}

/** Ask the server who is signed in, if somebody was. */
export async function recall() {
  onSignedOut(farewell);
  if (me.value === null) {
    return;
  }
  try {
    welcome(await get('/api/staff/me'));
  } catch (problem) {
    if (problem.slug === 'second-factor-missing') {
      welcome({ name: '', roles: [] }, true);
      return;
    }
    me.value = null;
  }
}

/** The first factor made a whole session of it. */
export async function enrolled() {
  welcome(await get('/api/staff/me'));
}

export function useLive(listener) {
  const connection = live.value;
  const hear = useLatest(listener);
  useEffect(() => connection?.onEvent(hear), [connection]);
}
