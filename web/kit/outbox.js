// Messages on their way: kept in the browser until the server has them, sent one after the other.
// Each has a key of its own, so that one whose answer was lost is the same message when sent again.

import { signal } from '../vendor/preact-htm.js';
import { newKey, request } from './api.js';
import { loadAll, remove, save } from './store.js';
import { prepare } from './upload.js';

const SHELF = 'messages';
const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];
const PATIENCE_MS = 30_000;
/** Refusals that pass: no network, the server is slow or busy, too many at once. */
const PASSING = [0, 408, 425, 429];
const SIGNED_OUT = 401;

/** What is not sent yet, oldest first: {key, owner, base, text, pictures, at, state, problem}. */
export const records = signal([]);

const listeners = new Set();
let owner = null;
let audience = null;
let started = null;
let pumping = false;
let attempt = 0;
let timer = null;

/** Lets a page see at its start, without opening the cupboard, that something waits for it. */
const flagOf = (name) => `unsent:${name}`;

/**
 * Take up what this person has not sent yet; `name` is the audience, "citizen" or "staff", of which
 * one browser may hold both. What somebody else of the same audience left here is dropped.
 */
export function start(person, name) {
  if (owner === person && audience === name && started) {
    hurry();
    return started;
  }
  [owner, audience] = [person, name];
  started = recall();
  return started;
}

async function ofAudience() {
  const all = await loadAll(SHELF);
  return all.filter((one) => one.base.startsWith(`/api/${audience}/`));
}

async function recall() {
  const all = await ofAudience();
  await Promise.all(all.filter((one) => one.owner !== owner).map((one) => remove(SHELF, one.key)));
  const here = records.value.filter((one) => one.owner === owner);
  const known = new Set(here.map(({ key }) => key));
  const mine = all.filter((one) => one.owner === owner && !known.has(one.key));
  const back = mine.map((one) => ({ ...one, state: 'waiting', problem: null }));
  publish([...back, ...here].sort((one, other) => one.at - other.at));
  pump();
}

/** Forget everything that was not sent, when the person leaves this device. */
export async function forget(name) {
  audience = name;
  clearTimeout(timer);
  owner = null;
  started = null;
  publish([]);
  await Promise.all((await ofAudience()).map(({ key }) => remove(SHELF, key)));
}

/** Send a message with pictures (files) to the case at `base`; kept from this moment on. */
export async function put({ base, text, files }) {
  const pictures = await Promise.all(files.map(picture));
  const record = { key: newKey(), owner, base, text, pictures, at: Date.now() };
  await save(SHELF, record.key, record);
  publish([...records.value, { ...record, state: 'waiting', problem: null }]);
  pump();
}

/** A smaller, upright picture with an id of its own; throws for what is no picture. */
async function picture(file) {
  const { blob } = await prepare(file);
  const id = newKey().replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
  return { id, blob, sent: false };
}

export function retry(key) {
  change(key, { state: 'waiting', problem: null });
  hurry();
}

export async function discard(key) {
  await remove(SHELF, key);
  publish(records.value.filter((one) => one.key !== key));
}

/** The server has this message: it came back in the list, or in the answer. */
export function arrived(key) {
  if (records.value.some((one) => one.key === key)) {
    discard(key);
  }
}

/** Call `listener(base, message)` for every message the server has taken. */
export function onSent(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Try at once: the network is back, or the page is looked at again. */
export function hurry() {
  clearTimeout(timer);
  pump();
}

addEventListener('online', hurry);
document.addEventListener('visibilitychange', hurry);

async function pump() {
  if (pumping || owner === null) {
    return;
  }
  pumping = true;
  try {
    let next = first();
    while (next && (await attend(next))) {
      next = first();
    }
  } finally {
    pumping = false;
  }
}

const first = () => records.value.find((one) => one.state === 'waiting');

/** Whether to go on with the next one. */
async function attend(record) {
  change(record.key, { state: 'sending' });
  try {
    const message = await deliver(record);
    attempt = 0;
    await discard(record.key);
    for (const listener of listeners) {
      listener(record.base, message);
    }
    return true;
  } catch (error) {
    if (error.status === SIGNED_OUT) {
      change(record.key, { state: 'waiting' });
      return false; // It goes on when the person has signed in again.
    }
    if (PASSING.includes(error.status) || error.status >= 500) {
      change(record.key, { state: 'waiting' });
      later(error.members?.retry_after);
      return false;
    }
    change(record.key, { state: 'failed', problem: error.detail || error.title || String(error) });
    return true;
  }
}

function later(seconds) {
  clearTimeout(timer);
  const pause = seconds ? seconds * 1000 : PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)];
  attempt += 1;
  timer = setTimeout(pump, pause);
}

async function deliver({ key, base, text, pictures }) {
  for (const { id, blob, sent } of pictures) {
    if (!sent) {
      const headers = { 'Content-Type': blob.type };
      await patiently('PUT', `${base}/message-pictures/${id}`, { body: blob, headers });
      await noteSent(key, id);
    }
  }
  const body = { client_key: key, text, pictures: pictures.map(({ id }) => id) };
  return patiently('POST', `${base}/messages`, { body });
}

/** A line that is cut says nothing: after a while we ask anew, which is harmless. */
async function patiently(method, path, options) {
  const control = new AbortController();
  const limit = setTimeout(() => control.abort(), PATIENCE_MS);
  try {
    return await request(method, path, { ...options, signal: control.signal });
  } finally {
    clearTimeout(limit);
  }
}

async function noteSent(key, id) {
  const found = records.value.find((one) => one.key === key);
  const pictures = found.pictures.map((one) => (one.id === id ? { ...one, sent: true } : one));
  change(key, { pictures });
  const { state, problem, ...kept } = { ...found, pictures };
  await save(SHELF, key, kept);
}

function change(key, values) {
  publish(records.value.map((one) => (one.key === key ? { ...one, ...values } : one)));
}

function publish(next) {
  records.value = next;
  if (next.length > 0) {
    localStorage.setItem(flagOf(audience), '1');
  } else {
    localStorage.removeItem(flagOf(audience));
  }
}
