// The only way the pages talk to the server: JSON in, JSON out, refusals as ApiError.

import { t } from './i18n.js';

/** A refusal of the server (application/problem+json), or no network at all. */
export class ApiError extends Error {
  /** @param {Record<string, any>} problem the members of RFC 9457, and those of ours */
  constructor({ slug, title, detail, status, errors, ...members }) {
    super(detail || title);
    this.slug = slug;
    this.title = title;
    this.detail = detail;
    this.status = status;
    this.errors = errors ?? [];
    this.members = members;
  }
}

const listeners = new Set();

/** Call `listener` whenever the server says that nobody is signed in. */
export function onSignedOut(listener) {
  listeners.add(listener);
}

/** A random key that lets the server recognise the repeat of a creating request. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Send one request and give back the decoded answer (null when it has none).
 * `key` is the Idempotency-Key; `raw` asks for the Response itself, which may be a 304 when the
 * request names an ETag.
 *
 * @param {string} method
 * @param {string} path
 * @param {{ body?: any, key?: string, headers?: Record<string, string>, raw?: boolean, signal?: AbortSignal }} [options]
 * @returns {Promise<any>}
 */
export async function request(method, path, { body, key, headers = {}, raw = false, signal } = {}) {
  const sent = { 'X-Requested-With': 'yunjian', Accept: 'application/json', ...headers };
  if (key) {
    sent['Idempotency-Key'] = key;
  }
  let payload = body;
  if (body !== undefined && !isBinary(body)) {
    sent['Content-Type'] = 'application/json';
    payload = JSON.stringify(body);
  }
  const answer = await send(path, { method, headers: sent, body: payload, signal });
  if (!answer.ok && !(raw && answer.status === 304)) {
    throw await refusal(answer);
  }
  if (raw) {
    return answer;
  }
  return answer.status === 204 ? null : answer.json();
}

function isBinary(body) {
  return body instanceof Blob || body instanceof ArrayBuffer || body instanceof FormData;
}

async function send(path, options) {
  try {
    return await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...options });
  } catch {
    throw new ApiError({ slug: 'offline', title: t('error.offline'), status: 0 });
  }
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) {
    for (const listener of listeners) {
      listener();
    }
  }
  const fallback = { slug: 'unknown', title: t('error.server'), status: answer.status };
  return new ApiError({ ...fallback, ...problem });
}

export const get = (path) => request('GET', path);
export const post = (path, body, options) => request('POST', path, { body: body ?? {}, ...options });
export const put = (path, body) => request('PUT', path, { body });
export const del = (path) => request('DELETE', path);

/** Path with a query string; empty values are left out. */
export function withQuery(path, values) {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const query = new URLSearchParams(kept).toString();
  return query ? `${path}?${query}` : path;
}
