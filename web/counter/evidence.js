// What this counter judges by when there is no network: the list of signers and the status lists,
// each verified before it is kept and again when it is read. The age of a list is its own date.

import { Refused, askable, passSigners, readSigners, readStatusList } from '../kit/reader-lists.js';
import { get, request } from '../kit/api.js';
import { clear, load, loadAll, save } from '../kit/store.js';

const SHELF = 'evidence';
const SIGNERS = 'signers';

/** The lists as judging needs them: { signers, lists, newest }; `newest` is the latest date in them. */
export async function evidence() {
  const kept = await loadAll(SHELF);
  const trust = kept.find(({ kind }) => kind === SIGNERS);
  if (!trust) {
    return { signers: [], lists: new Map(), newest: 0 };
  }
  const { signers, issuedAt } = trust.list;
  const lists = new Map();
  for (const { kind, data } of kept) {
    const list = kind === SIGNERS ? null : await readStatusList(data, signers).catch(() => null);
    if (list) {
      lists.set(list.number, askable(list));
    }
  }
  const newest = Math.max(issuedAt, ...[...lists.values()].map((list) => list.issuedAt));
  return { signers: passSigners(signers), lists, newest };
}

/** Fetch what has changed. Lists that are older than ours, or of a stranger, are not taken. */
export async function refresh() {
  const before = (await load(SHELF, SIGNERS)) ?? null;
  const fresh = await fetchList('/api/trust-list', before?.etag);
  let trust = before;
  if (fresh) {
    const list = await readSigners(fresh.data, before?.list ?? null);
    trust = { kind: SIGNERS, etag: fresh.etag, list };
    await save(SHELF, SIGNERS, trust);
  }
  const { newest } = await get('/api/status-lists');
  for (let number = 1; number <= newest; number += 1) {
    await refreshStatus(number, trust.list.signers);
  }
}

async function refreshStatus(number, signers) {
  const before = (await load(SHELF, number)) ?? null;
  const fresh = await fetchList(`/api/status-lists/${number}`, before?.etag);
  if (!fresh) {
    return;
  }
  const list = await readStatusList(fresh.data, signers);
  if (list.number !== number || list.issuedAt < (before?.issuedAt ?? 0)) {
    throw new Refused('a status list older than ours, or another one');
  }
  await save(SHELF, number, { kind: 'status', ...fresh, issuedAt: list.issuedAt });
}

/** The bytes with their ETag, null when ours are still good. */
async function fetchList(path, etag) {
  const headers = { Accept: '*/*', ...(etag ? { 'If-None-Match': etag } : {}) };
  const answer = await request('GET', path, { headers, raw: true });
  if (answer.status === 304) {
    return null;
  }
  return { data: new Uint8Array(await answer.arrayBuffer()), etag: answer.headers.get('ETag') };
}

/** Forget the lists together with the counter they were fetched for. */
export const forgetEvidence = () => clear(SHELF);
