// Signed requests of an enterprise: HMAC-SHA256 over method, path, time, nonce and digest of the body.

import { newKey, request } from '../kit/api.js';

const SLOT = 'biz-client';

/** The client of this tab ({id, secret}) or null. Session storage: gone when the tab closes. */
export function remembered() {
  return JSON.parse(sessionStorage.getItem(SLOT) ?? 'null');
}

export function remember(client) {
  sessionStorage.setItem(SLOT, JSON.stringify(client));
}

export function forget() {
  sessionStorage.removeItem(SLOT);
}

/** Send a request in the client's name. `body` is a Blob, or nothing. */
export async function signed(client, method, path, body, headers = {}) {
  const payload = body ? await body.arrayBuffer() : new ArrayBuffer(0);
  const time = String(Math.floor(Date.now() / 1000));
  const nonce = newKey();
  const text = [method, path, time, nonce, hex(await crypto.subtle.digest('SHA-256', payload))].join('\n');
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(client.secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const signature = hex(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
  return request(method, path, {
    body,
    headers: {
      ...headers,
      'X-Client-Id': client.id,
      'X-Client-Time': time,
      'X-Client-Nonce': nonce,
      'X-Client-Signature': signature,
    },
  });
}

function hex(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
