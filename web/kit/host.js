// Which app shows this page, and what it can do for us. A plain browser is the fallback for everything.

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

/** Keep the screen on while a code is shown; gives a function that lets go. Refusals are ignored. */
export async function keepAwake() {
  try {
    const lock = await navigator.wakeLock.request('screen');
    return () => lock.release().catch(() => undefined);
  } catch {
    return () => undefined;
  }
}
