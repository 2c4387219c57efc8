// Words in two languages, and dates as people here write them.
// The Chinese words come with the page (boot data), so that nothing is fetched before the first paint.

import { signal } from '../vendor/preact-htm.js';

export const boot = readBoot();
export const lang = signal('zh');

const words = { zh: boot.messages ?? {} };

function readBoot() {
  const element = document.getElementById('boot');
  return element ? JSON.parse(element.textContent) : {};
}

/** Text of `key` in the reader's language, with {placeholders} filled in. */
export function t(key, values = {}) {
  const text = words[lang.value]?.[key] ?? words.zh[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

/**
 * Words of the server for a Chinese reader, our own for others: `worded('caseState', 'closed', '已办结')`.
 * Unknown codes keep the server's words.
 */
export function worded(group, code, words) {
  const key = `${group}.${code}`;
  const own = t(key);
  return (lang.value === 'zh' && words) || own === key ? words : own;
}

/** Switch the language; the words of the other one are fetched once. */
export async function setLang(next) {
  if (!words[next]) {
    const answer = await fetch(new URL(`${next}.json`, import.meta.url));
    words[next] = await answer.json();
  }
  lang.value = next;
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
  localStorage.setItem('lang', next);
}

/** Use the language chosen last time, if any. */
export async function restoreLang() {
  const chosen = localStorage.getItem('lang');
  if (chosen && chosen !== lang.value) {
    await setLang(chosen);
  }
}

function format(iso, options) {
  if (!iso) {
    return '';
  }
  const locale = lang.value === 'zh' ? 'zh-CN' : 'en-GB';
  const whole = iso.length === 10 ? `${iso}T00:00:00+08:00` : iso;
  return new Intl.DateTimeFormat(locale, { timeZone: 'Asia/Shanghai', ...options }).format(new Date(whole));
}

/** A calendar day: 2026年11月25日. */
export function day(iso) {
  return format(iso, { year: 'numeric', month: 'long', day: 'numeric' });
}

/** A moment: 11月25日 09:30; of another year with the year, or it would seem to be past or near. */
export function moment(iso) {
  const time = { month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false };
  const year = { year: 'numeric' };
  const now = new Date().toISOString();
  return format(iso, format(iso, year) === format(now, year) ? time : { ...year, ...time });
}

/** A number that the server counts no further than `most`: 99+. */
export function upTo(number, most = 100) {
  return number < most ? String(number) : `${most - 1}+`;
}
