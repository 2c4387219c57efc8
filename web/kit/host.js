// Which app shows this page, and what it can do for us. A plain browser is the fallback for everything.

import { boot } from './i18n.js';

const SCALE_FOR_LARGE = 1.3;

/** "wechat" | "alipay" | "city" | "browser", read from the user agent. */
export function hostKind(agent = navigator.userAgent) {
  if (/miniProgram/i.test(agent) || window.__wxjs_environment === 'miniprogram') {
    return 'wechat';
  }
  if (/AlipayClient/i.test(agent)) {
    return 'alipay';
  }
  if (/SuiShenBan|CityApp/i.test(agent)) {
    return 'city';
  }
  return 'browser';
}

/** What the app around us asks for: text size and theme, passed in the address. */
export function wishes(search = location.search) {
  const query = new URLSearchParams(search);
  const scale = Number(query.get('fontSizeScaleFactor') ?? 1);
  return {
    size: scale >= SCALE_FOR_LARGE ? 'large' : query.get('size'),
    theme: query.get('theme'),
  };
}

/** Which of our entries the page is shown in: the shell says it, else the app tells. */
export function channel(search = location.search) {
  const said = new URLSearchParams(search).get('channel');
  const known = { wechat: 'wechat-mini', alipay: 'alipay-mini', city: 'city-app', browser: 'browser' };
  return Object.values(known).includes(said) ? said : known[hostKind()];
}

const NATIVE = '#native=';
const LONGEST = 4096;
const TEXTS = {
  scan: ['id', 'value', 'error'],
  pay: ['bill', 'outcome'],
  face: ['id', 'outcome', 'error'],
  subscribe: ['id', 'error'],
};

/** Whether an address behind `#` is a shell's result and not a screen. */
export const isNative = (hash) => hash.startsWith(NATIVE);

/**
 * A result a native page left: `{kind, …}` with short texts, or null. Whoever writes a link can write
 * such an address, so it is a hint and proves nothing: what counts is asked of the server.
 */
export function readNative(hash) {
  if (!isNative(hash) || hash.length > LONGEST) {
    return null;
  }
  let left;
  try {
    left = JSON.parse(decodeURIComponent(hash.slice(NATIVE.length)));
  } catch {
    return null;
  }
  if (typeof left !== 'object' || left === null || !Object.hasOwn(TEXTS, left.kind)) {
    return null;
  }
  const texts = TEXTS[left.kind].filter((name) => typeof left[name] === 'string');
  return { kind: left.kind, ...Object.fromEntries(texts.map((name) => [name, left[name]])) };
}

let waiting = null;

/** Hand a result to the screen that waits for it; a result nobody waits for is dropped. */
export function heard(hash) {
  const result = readNative(hash);
  if (result && waiting && result.kind === waiting.kind && result[waiting.by] === waiting.value) {
    waiting.tell(result);
    waiting = null;
  }
}

const OBJECTS = { wechat: () => window.wx?.miniProgram, alipay: () => window.my };

/**
 * Open a native page of the shell around us and wait for its result. `match` names the field by which
 * it is known: `['bill', id]`. Gives null in an app without such pages.
 */
export async function askShell(kind, match, query) {
  const app = await shell();
  if (!app) {
    return null;
  }
  const [by, value] = match;
  const answer = new Promise((tell) => {
    waiting = { kind, by, value, tell };
  });
  const pairs = Object.entries({ [by]: value, ...query });
  // Not URLSearchParams: it writes a space as "+", which the shells would not read back.
  const sent = pairs.map(([name, text]) => `${name}=${encodeURIComponent(text)}`).join('&');
  app.navigateTo({ url: `/pages/${kind}/${kind}?${sent}` });
  return answer;
}

/** The shell's own object; its script comes from the app's maker, at an address the city has set. */
async function shell() {
  const find = OBJECTS[hostKind()];
  if (!find) {
    return null;
  }
  const address = boot.host_scripts?.[hostKind()];
  if (!find() && address) {
    await new Promise((done) => {
      const script = document.createElement('script');
      script.src = address;
      script.onload = script.onerror = done;
      document.head.append(script);
    });
  }
  return find() ?? null;
}

/** Keep the screen on while a code is shown; gives a function that lets go. Refusals are ignored. */
export async function keepAwake() {
  try {
    const lock = await navigator.wakeLock.request('screen');
    return () => lock.release().catch(() => undefined);
  } catch {
    return () => undefined;
  }
}
