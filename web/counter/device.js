// The counter's identity: a key pair that never leaves this browser, and requests signed with it.

import { base64url, hex, sha256 } from '../kit/bytes.js';
import { load, remove, save } from '../kit/store.js';
import { ApiError, newKey, request } from '../kit/api.js';

const SHELF = 'keys';
const SLOT = 'counter';
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };

/** The enrolled counter of this browser ({id, name, department, hall, keys}) or undefined. */
export const enrolled = () => load(SHELF, SLOT);

/** Forget the counter; its key is gone for good. */
export const forget = () => remove(SHELF, SLOT);

/** Enrol this browser with a code from the administrator. The private key cannot be exported. */
export async function enrol({ code, label }) {
  const keys = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
  const point = await crypto.subtle.exportKey('raw', keys.publicKey);
  const answer = await request('POST', '/api/counter/enrolments', {
    body: { code, public_key: base64url(new Uint8Array(point)), label },
  });
  const counter = {
    id: answer.counter_id,
    name: answer.name,
    department: answer.department_name,
    hall: answer.hall,
    keys,
  };
  await save(SHELF, SLOT, counter);
  return counter;
}

/** Send a request signed by this counter. */
export async function signed(counter, method, path, body) {
  const payload = body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body));
  const headers = await signature(counter, method, path, payload);
  return request(method, path, {
    headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : new Blob([payload], { type: 'application/json' }),
  });
}

/** The objects of an endless answer, one a line, as they come. */
export async function* signedStream(counter, path, signal) {
  const headers = await signature(counter, 'GET', path, new Uint8Array());
  const answer = await request('GET', path, { headers, raw: true, signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      yield JSON.parse(line);
    }
  }
}

/** Headers over METHOD, path with query, time, nonce and digest of the body. */
async function signature(counter, method, path, payload) {
  const time = String(Math.floor(Date.now() / 1000));
  const nonce = newKey();
  const digest = hex(await sha256(payload));
  const text = new TextEncoder().encode([method, path, time, nonce, digest].join('\n'));
  const made = await crypto.subtle.sign(SIGNING, counter.keys.privateKey, text);
  return {
    'X-Counter-Id': counter.id,
    'X-Counter-Time': time,
    'X-Counter-Nonce': nonce,
    'X-Counter-Signature': base64url(new Uint8Array(made)),
  };
}

/** Refusals that mean that this device is not (or no longer) enrolled. */
export function isDisowned(error) {
  return error instanceof ApiError && error.slug === 'invalid-request-signature';
}
