// A live connection that loses nothing: every event has a number, and after a break we ask for what
// came after the last number we saw. Breaks are healed with growing, jittered pauses.

import { signal } from '../vendor/preact-htm.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const SILENCE_MS = 70_000;

// Close codes after which coming back at once is useless: the session is over, or we are not welcome.
const FINAL = [4400, 4401, 4403];
const TOO_MANY = 4429;

/**
 * Open a live connection to `path`.
 *
 * Gives { state, onEvent, close }: `state` is a signal ("connecting" | "open" | "waiting"),
 * `onEvent(listener)` gives a function that removes the listener again. Listeners receive events
 * {n, kind, title, body, link, data, at}, and {kind: "refresh"} when they must read everything anew.
 */
export function openLive(path) {
  const state = signal('connecting');
  const listeners = new Set();
  let socket = null;
  let position = null;
  let epoch = null;
  let attempt = 0;
  let retry = null;
  let silence = null;
  let closed = false;

  function tell(event) {
    for (const listener of listeners) {
      listener(event);
    }
  }

  function connect() {
    clearTimeout(retry);
    const url = new URL(path, location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    if (position !== null) {
      url.searchParams.set('after', position);
      url.searchParams.set('epoch', epoch);
    }
    socket = new WebSocket(url);
    socket.onmessage = (message) => receive(JSON.parse(message.data));
    socket.onclose = lost;
  }

  function receive(frame) {
    watchSilence();
    if (frame.type === 'hello') {
      position ??= frame.position;
      epoch ??= frame.epoch;
      attempt = 0;
      state.value = 'open';
    }
    if (frame.type === 'event' && frame.n > position) {
      position = frame.n;
      tell(frame);
    }
    if (frame.type === 'reset') {
      ({ position, epoch } = frame);
      tell({ kind: 'refresh' });
    }
  }

  function watchSilence() {
    clearTimeout(silence);
    silence = setTimeout(() => socket.close(), SILENCE_MS);
  }

  function lost({ code }) {
    clearTimeout(silence);
    if (closed) {
      return;
    }
    state.value = 'waiting';
    if (FINAL.includes(code)) {
      closed = true;
      tell({ kind: 'refresh' });
      return;
    }
    const pause = code === TOO_MANY ? LONGEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    attempt += 1;
    retry = setTimeout(connect, pause * (0.5 + Math.random() / 2));
  }

  function hurry() {
    if (!closed && state.value === 'waiting' && socket.readyState === WebSocket.CLOSED) {
      connect();
    }
  }

  addEventListener('online', hurry);
  document.addEventListener('visibilitychange', hurry);
  connect();

  return {
    state,
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closed = true;
      clearTimeout(retry);
      clearTimeout(silence);
      removeEventListener('online', hurry);
      document.removeEventListener('visibilitychange', hurry);
      socket.close();
    },
  };
}
