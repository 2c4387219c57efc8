// @ts-check
/** The only place that knows the server. Set this to the city's own origin. */
const ORIGIN = 'https://zwfw.example.gov.cn';
const CHANNEL = 'alipay-mini';
const TIMEOUT = 8000;

/** A refusal of the server, with its slug. */
class Refusal extends Error {
  /** @param {string} slug @param {string} title */
  constructor(slug, title) {
    super(title);
    this.slug = slug;
  }
}

/** @param {string} path @param {object} data @returns {Promise<any>} */
function post(path, data) {
  return new Promise((resolve, reject) => {
    my.request({
      url: ORIGIN + path,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      data: JSON.stringify(data),
      timeout: TIMEOUT,
      success: ({ status, data: answer }) => {
        const fields = /** @type {any} */ (answer);
        if (status < 300) {
          resolve(fields);
        } else {
          reject(
            Object.assign(new Refusal(fields.slug || 'unknown', fields.title || '系统暂时没有响应，请稍后重试'), {
              binding: fields.binding,
            }),
          );
        }
      },
      // Alipay calls `fail` for every status of 400 and above, with the answer inside.
      fail: (failure) => {
        const fields = readAnswer(/** @type {any} */ (failure).data);
        const title = fields.title || '网络不通，请检查网络后重试';
        reject(Object.assign(new Refusal(fields.slug || 'offline', title), { binding: fields.binding }));
      },
    });
  });
}

/** @param {unknown} answer @returns {any} */
function readAnswer(answer) {
  if (answer && typeof answer === 'object') {
    return answer;
  }
  try {
    return JSON.parse(String(answer)) || {};
  } catch {
    return {};
  }
}

/** @returns {Promise<string>} */
function loginCode() {
  return new Promise((resolve, reject) => {
    my.getAuthCode({
      scopes: 'auth_base',
      success: ({ authCode }) => resolve(authCode),
      fail: () => reject(new Refusal('no-login', '支付宝登录没有完成，请重试')),
    });
  });
}

/**
 * A one-time ticket for the H5; a code is good once, so every try asks for a new one.
 * @param {'' | 'link' | 'code'} entry what led here, for counting
 */
async function ticket(entry) {
  const code = await loginCode();
  return (await post('/api/citizen/tickets', { platform: 'alipay', code, channel: CHANNEL, entry })).ticket;
}

/**
 * The address of the H5. `hash` is a screen such as `/wallet`; the ticket is good once, for a minute.
 * It stands behind the `#`: no server sees it, and results that come later (`#native=…`) leave the rest
 * of the address as it is, so that the page is not loaded again.
 * @param {string | null} ticketId @param {string} hash
 */
function pageUrl(ticketId, hash) {
  const info = /** @type {any} */ (my.getSystemInfoSync()); // its types do not know colorScheme
  const scale = (info.fontSizeSetting || 16) / 16;
  const query = [`channel=${CHANNEL}`, `fontSizeScaleFactor=${scale}`, `theme=${info.colorScheme || 'light'}`];
  const screen = safeHash(hash);
  const inside = ticketId ? `t=${encodeURIComponent(ticketId)}&to=${encodeURIComponent(screen)}` : screen;
  return `${ORIGIN}/m/?${query.join('&')}#${inside}`;
}

/** A screen of ours: a path and nothing that could lead elsewhere. @param {string} hash */
function safeHash(hash) {
  return /^\/[\w\-/?=&%]*$/.test(hash) ? hash : '/';
}

/**
 * Where an entry leads, and what it was: the link of a message, a printed code (`g:` and an item), or neither.
 * @param {Record<string, string | undefined>} query
 * @returns {{ screen: string, entry: '' | 'link' | 'code' }}
 */
function entryOf(query) {
  const scene = /^g:([\w-]+)$/.exec(decode(query.scene));
  if (scene) {
    return { screen: `/guide/${scene[1]}`, entry: 'code' };
  }
  return { screen: decode(query.next) || '/', entry: query.from === 'link' ? 'link' : '' };
}

/** @param {string | undefined} text */
function decode(text) {
  try {
    return decodeURIComponent(text || '');
  } catch {
    return '';
  }
}

/** Leave a result for the H5. @param {string} kind @param {object} value */
function leave(kind, value) {
  shared().result = JSON.stringify({ kind, ...value });
}

/** What pages of the shell leave for one another. @returns {{ src?: string, result: string | null }} */
function shared() {
  return /** @type {any} */ (getApp()).globalData;
}

module.exports = { shared, ORIGIN, post, ticket, pageUrl, safeHash, entryOf, leave };
