// Keeps this counter's lists fresh: at once when the server says that one has changed, every few
// minutes anyway, and as soon as the network is back.

import { signedStream } from './device.js';
import { refresh } from './evidence.js';

const EVERY_MS = 300_000;
const SILENCE_MS = 70_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Follow until the given function is called. `changed()` is told after every refresh that worked,
 * `reachable(yes)` whenever the server is found or lost.
 */
export function follow(counter, { changed, reachable }) {
  let ended = false;
  let pause = FIRST_PAUSE_MS;
  let wake = () => undefined;
  let stop = () => undefined;

  async function look() {
    await refresh();
    changed();
  }

  async function listen() {
    const control = new AbortController();
    stop = () => control.abort();
    let silence = setTimeout(stop, SILENCE_MS);
    try {
      for await (const { type } of signedStream(counter, '/api/counter/live', control.signal)) {
        clearTimeout(silence);
        silence = setTimeout(stop, SILENCE_MS);
        pause = FIRST_PAUSE_MS;
        reachable(true);
        if (type === 'hello' || type === 'changed') {
          await look();
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }

  async function run() {
    while (!ended) {
      await listen().catch(() => reachable(false));
      await new Promise((done) => {
        wake = () => done(undefined);
        setTimeout(done, pause * (0.5 + Math.random() / 2));
      });
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
  }

  const lost = () => {
    reachable(false);
    stop();
  };
  const found = () => {
    pause = FIRST_PAUSE_MS;
    wake();
  };
  const timer = setInterval(() => look().catch(() => undefined), EVERY_MS);
  addEventListener('offline', lost);
  addEventListener('online', found);
  run();

  return () => {
    ended = true;
    clearInterval(timer);
    removeEventListener('offline', lost);
    removeEventListener('online', found);
    stop();
    wake();
  };
}
