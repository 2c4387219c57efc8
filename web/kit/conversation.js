// One conversation as a page holds it: what was said, how far each side has read, what is on its way.

import { computed, signal } from '../vendor/preact-htm.js';
import { get, post, withQuery } from './api.js';
import * as outbox from './outbox.js';

const PAGE = 100;
const RETRY_MS = 3000;

/**
 * Follow the conversation of a case. `base` is the address of the case, `side` is ours (applicant or
 * office), `owner` the person at this page, `marks` whether our reading counts for our side.
 *
 * Gives signals `state` {messages, length, applicant_read, office_read, may_write, closed_text} (null
 * until it is read), `unsent`, `error`; and hear(event), send(text, files), seen(), reload(), close().
 */
export function openConversation({ base, side, owner, marks }) {
  const state = signal(null);
  const error = signal(null);
  const unsent = computed(() => outbox.records.value.filter((one) => one.base === base));
  const mine = `${side}_read`;
  let reading = null;
  let again = false;
  let marked = 0;
  let unmarked = false;
  let retry = null;

  async function reload() {
    clearTimeout(retry);
    if (reading) {
      again = true;
      return reading;
    }
    reading = read();
    await reading;
    reading = null;
    if (again) {
      again = false;
      return reload();
    }
    return undefined;
  }

  async function read() {
    try {
      let more = true;
      while (more) {
        const after = lastNumber();
        const found = await get(withQuery(`${base}/messages`, { after: after || null, limit: PAGE }));
        merge(found);
        more = found.messages.length > 0 && lastNumber() < found.length;
      }
      error.value = null;
      marked = unmarked ? 0 : marked;
      unmarked = false;
    } catch (refusal) {
      error.value = refusal;
      if (refusal.status === 0 || refusal.status >= 500) {
        retry = setTimeout(reload, RETRY_MS);
      }
    }
  }

  const lastOf = (fits) => Math.max(0, ...(state.value?.messages ?? []).filter(fits).map(({ n }) => n));
  const lastNumber = () => lastOf(() => true);

  function merge({ messages, ...rest }) {
    const before = state.value ?? { messages: [], applicant_read: 0, office_read: 0 };
    const known = new Set(before.messages.map(({ n }) => n));
    const fresh = messages.filter(({ n }) => !known.has(n));
    const all = [...before.messages, ...fresh].sort((one, other) => one.n - other.n);
    state.value = {
      ...before,
      ...rest,
      messages: all,
      applicant_read: Math.max(before.applicant_read, rest.applicant_read ?? 0),
      office_read: Math.max(before.office_read, rest.office_read ?? 0),
    };
    for (const { client_key: key } of messages) {
      if (key) {
        outbox.arrived(key);
      }
    }
  }

  function hear(event) {
    const about = event.data?.case_id && base.endsWith(event.data.case_id);
    if (about && event.kind === 'case-messages-read' && state.value) {
      const name = `${event.data.side}_read`;
      state.value = { ...state.value, [name]: Math.max(state.value[name], event.data.up_to) };
    } else if (event.kind === 'refresh' || about) {
      reload();
    }
  }

  /** Everything that is there has been looked at; a mark that did not arrive is set again later. */
  async function seen() {
    const last = lastOf((one) => one.side !== side);
    if (!marks || last <= Math.max(marked, state.value?.[mine] ?? 0)) {
      return;
    }
    marked = last;
    try {
      merge({ messages: [], ...(await post(`${base}/messages/read-mark`, { up_to: last })) });
    } catch {
      unmarked = true;
    }
  }

  // A message between the last one here and our own is fetched, so that no number is skipped.
  const stop = outbox.onSent((address, message) => {
    if (address !== base) {
      return;
    }
    if (message.n === lastNumber() + 1 && !error.value) {
      merge({ messages: [message], length: message.n });
    } else {
      reload();
    }
  });

  outbox.start(owner, base.split('/')[2]).then(reload);

  return {
    state,
    error,
    unsent,
    hear,
    seen,
    reload,
    send: (text, files) => outbox.put({ base, text, files }),
    close() {
      clearTimeout(retry);
      stop();
    },
  };
}
