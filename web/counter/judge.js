// Verdicts: from the server while there is one, from the lists at hand when there is not. What was
// judged without network is kept and handed in later, so that the holder hears of every look.

import { boot } from '../kit/i18n.js';
import { ApiError, newKey } from '../kit/api.js';
import { hex } from '../kit/bytes.js';
import { claim, keys, load, loadAll, remove, save } from '../kit/store.js';
import { conclude, verifyPass } from '../kit/verify-pass.js';
import { signed } from './device.js';
import { evidence } from './evidence.js';

const SEEN = 'seen';
const READINGS = 'readings';
const REMEMBERED_MS = 420_000; // an unbound pass lives five minutes, and each clock may be a minute off
/** Our clock may be this far behind the newest date that a list of the server has. */
const CLOCK_SLACK = 120;
const { reasons, valid, checks: titles, findings, types } = boot.reader ?? {};
const ASK_FOR_PASS = '请让持证人在小程序里打开“离线亮证”，再扫一次';

/** Judge what was scanned: { code, purpose, item_code, case_no }. */
export async function judge(counter, wanted) {
  if (navigator.onLine) {
    try {
      return await signed(counter, 'POST', '/api/counter/verifications', wanted);
    } catch (error) {
      if (!isUnreachable(error)) {
        throw error;
      }
    }
  }
  return judgeOffline(wanted);
}

const isUnreachable = (error) => error instanceof ApiError && [0, 502, 504].includes(error.status);

/** The verdict by the lists at hand, in the shape of the server's answer with `offline` set. */
export async function judgeOffline(wanted, now = Date.now()) {
  const at = now / 1000;
  const { signers, lists, newest } = await evidence();
  const judged = await verifyPass(wanted.code, {
    signers,
    lists,
    at,
    seenBefore: (key) => seenBefore(hex(key), now),
    ageOf: (type) => types[type]?.age ?? 0,
    refused: (code) => findings[code].outcome === 'fail',
  });
  /** @type {{ code: string, asOf?: any }[]} */
  const said = judged.found;
  const checks = said.map(({ code, asOf }) => check(code, asOf));
  if (at < newest - CLOCK_SLACK) {
    checks.push(clockUnsure());
  }
  const answer = isOwnAddress(wanted.code) ? needsNetwork() : summed(checks);
  const result = {
    ...answer,
    offline: true,
    at: new Date(now).toISOString(),
    as_of: asOf(judged, lists),
    licence: answer.verdict === 'cannot_tell' || !judged.claims ? null : shown(judged.claims),
  };
  return judged.claims ? keep(wanted, result) : result;
}

/** A code on a phone or on paper that only the server knows. */
const isOwnAddress = (text) => /^HTTPS?:\/\/[^/?#]+\/[PL]\//i.test(text.trim());

function needsNetwork() {
  const reason = 'status-unreachable';
  const detail = '这是联网二维码，没有网络时无法核验';
  const checks = [{ name: 'code', title: titles.code, outcome: 'unknown', detail, reason, as_of: null }];
  return { verdict: 'cannot_tell', reasons: [reason], title: detail, next: ASK_FOR_PASS, checks };
}

function clockUnsure() {
  const detail = '本机时间早于已收到的数据，请校准时间';
  const reason = 'clock-unsure';
  return { name: 'clock', title: '本机时间', outcome: 'unknown', detail, reason, as_of: null };
}

function check(code, asOf) {
  const found = findings[code];
  return {
    name: found.check,
    title: titles[found.check] ?? found.check,
    outcome: found.outcome,
    detail: found.detail,
    reason: found.reason,
    as_of: asOf === undefined ? null : new Date(asOf * 1000).toISOString(),
  };
}

function summed(checks) {
  const concluded = conclude(checks);
  const [title, next] = concluded.verdict === 'valid' ? valid : reasons[concluded.reasons[0]];
  return { ...concluded, title, next, checks };
}

/** @param {{ claims?: any }} judged */
function asOf({ claims }, lists) {
  const list = claims && lists.get(claims.list);
  return list ? new Date(list.issuedAt * 1000).toISOString() : null;
}

function shown({ licence }) {
  const type = types[licence.type];
  const until = licence.validUntil;
  return {
    type: licence.type,
    name: type?.name ?? licence.type,
    holder_masked: licence.holder,
    number_masked: licence.number,
    issuer: type?.issuer ?? '',
    valid_to: until === null ? null : new Date(until * 86_400_000).toISOString().slice(0, 10),
    fields: licence.fields.map(([key, value]) => ({ key, label: type?.labels[key] ?? key, value })),
  };
}

/** Whether this counter read the very code while it lives; remembers it at the same time. */
async function seenBefore(key, now) {
  for (const old of await keys(SEEN)) {
    if (now - ((await load(SEEN, old)) ?? 0) > REMEMBERED_MS) {
      await remove(SEEN, old);
    }
  }
  return !(await claim(SEEN, key, now));
}

async function keep(wanted, result) {
  const key = newKey();
  await save(READINGS, key, { ...wanted, key, read_at: result.at, verdict: result.verdict });
  return { ...result, key };
}

/** Readings that wait for the network. */
export const waiting = async () => (await keys(READINGS)).length;

/**
 * Hand in what was read without network. Gives the answers of now by the readings' keys, each with
 * the verdict that was `shown` then. Readings the server will not have are dropped, not kept for ever.
 */
export async function handIn(counter) {
  const answers = new Map();
  for (const { verdict, ...reading } of await loadAll(READINGS)) {
    try {
      const answer = await signed(counter, 'POST', '/api/counter/readings', reading);
      answers.set(reading.key, { ...answer, shown: verdict });
    } catch (error) {
      if (!(error instanceof ApiError) || error.slug !== 'reading-not-possible') {
        throw error;
      }
    }
    await remove(READINGS, reading.key);
  }
  return answers;
}
