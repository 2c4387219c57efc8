// The shells' logic under plain Node.js: stubs for wx/my, Page, App and getApp; no platform tools.
'use strict';
const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');

const WEB = path.join(__dirname, '..', '..', 'web', 'miniprogram');

/** Load a shell with a stubbed platform; gives its pages and what they called. */
function shell(name, answers = {}) {
  const calls = [];
  const app = { globalData: { result: null } };
  const api = new Proxy({}, {
    get: (_, method) => (options) => {
      calls.push([method, options]);
      const answer = answers[method];
      if (typeof answer === 'function') {
        return answer(options);
      }
      return answer;
    },
  });
  const pages = {};
  global.wx = name === 'wechat' ? api : undefined;
  global.my = name === 'alipay' ? api : undefined;
  global.getApp = () => app;
  global.App = () => undefined;
  const load = (page) => {
    global.Page = (definition) => {
      pages[page] = { ...definition, data: { ...definition.data }, setData(values) { Object.assign(this.data, values); } };
    };
    const file = path.join(WEB, name, 'pages', page, `${page}.js`);
    delete require.cache[require.resolve(file)];
    require(file);
    return pages[page];
  };
  for (const key of Object.keys(require.cache)) {
    if (key.includes(`${path.sep}${name}${path.sep}`)) {
      delete require.cache[key];
    }
  }
  const bridge = require(path.join(WEB, name, 'utils', 'bridge.js'));
  return { api, app, bridge, calls, load };
}

const finish = (answer) => (options) => {
  options.success?.(answer);
  options.complete?.();
};
const fail = (answer) => (options) => {
  options.fail?.(answer);
  options.complete?.();
};

const PLATFORMS = {
  wechat: {
    login: { login: finish({ code: 'CODE' }), getAppBaseInfo: { fontSizeScaleFactor: 1.4, theme: 'dark' } },
    answer: (status, data) => (options) => options.success({ statusCode: status, data }),
    refuse: (status, data) => (options) => options.success({ statusCode: status, data }),
    scanned: { scanCode: finish({ result: 'https://x/p/ABC' }) },
    scanFailed: { scanCode: fail({ errMsg: 'scanCode:fail cancel' }) },
    cancelled: { requestPayment: fail({ errMsg: 'requestPayment:fail cancel' }) },
    paid: { requestPayment: finish({}) },
    body: (options) => options.data,
    lightCall: 'setScreenBrightness',
  },
  alipay: {
    login: { getAuthCode: finish({ authCode: 'CODE' }), getSystemInfoSync: { fontSizeSetting: 22.4, colorScheme: 'dark' } },
    answer: (status, data) => (options) => options.success({ status, data }),
    refuse: (status, data) => (options) => options.fail({ error: 19, data: JSON.stringify(data) }),
    scanned: { scan: finish({ code: 'https://x/p/ABC' }) },
    scanFailed: { scan: fail({ errorMessage: 'cancel' }) },
    cancelled: { tradePay: finish({ resultCode: '6001' }) },
    paid: { tradePay: finish({ resultCode: '9000' }) },
    body: (options) => JSON.parse(options.data),
    lightCall: 'setScreenBrightness',
  },
};

for (const [name, platform] of Object.entries(PLATFORMS)) {
  test(`${name}: the code becomes a ticket and the ticket an address`, async () => {
    const { app, calls, load } = shell(name, { ...platform.login, request: platform.answer(201, { ticket: 'T/1+' }) });
    await load('index').onLoad({ next: encodeURIComponent('/wallet') });

    const sent = calls.find(([method]) => method === 'request')[1];
    assert.deepEqual(platform.body(sent), { platform: name, code: 'CODE', channel: `${name}-mini`, entry: '' });
    assert.match(app.globalData.src, /^https:\/\/[^/]+\/m\/\?channel=\w+-mini&fontSizeScaleFactor=1\.4&theme=dark#t=T%2F1%2B&to=%2Fwallet$/);
    assert.ok(calls.some(([method]) => method === 'redirectTo'));
  });

  test(`${name}: the link of a message and a printed code lead to their screens and are counted once`, async () => {
    const busy = platform.refuse(429, { slug: 'platform-busy', title: '平台繁忙' });
    const entries = [
      [{ next: encodeURIComponent('/case/7'), from: 'link' }, 'link', '/case/7'],
      [{ scene: encodeURIComponent('g:SJ-GA-01') }, 'code', '/guide/SJ-GA-01'],
      [{ scene: '%E0%A4%A' }, '', '/'],
    ];
    for (const [query, entry, screen] of entries) {
      const { calls, load } = shell(name, { ...platform.login, request: busy });
      const page = load('index');
      await page.onLoad(query);
      await page.enter();

      const sent = calls.filter(([method]) => method === 'request').map(([, options]) => platform.body(options).entry);
      assert.deepEqual(sent, [entry, '']);
      assert.equal(page.next, screen);
    }
  });

  test(`${name}: an account that is not bound is led to its real-name proof`, async () => {
    const refusal = { slug: 'account-not-bound', title: '请先实名', binding: 'B1' };
    const { app, load } = shell(name, { ...platform.login, request: platform.refuse(403, refusal) });
    await load('index').onLoad({});

    assert.match(app.globalData.src, /#\/bind\?ticket=B1&platform=/);
    assert.ok(!app.globalData.src.includes('t=T'));
  });

  test(`${name}: a refusal is shown and can be tried again with a new code`, async () => {
    const { calls, load } = shell(name, { ...platform.login, request: platform.refuse(429, { slug: 'platform-busy', title: '平台繁忙' }) });
    const page = load('index');
    await page.onLoad({});
    assert.equal(page.data.error, '平台繁忙');
    await page.enter();
    assert.equal(calls.filter(([method]) => method === 'request').length, 2);
  });

  test(`${name}: a foreign address in the entry leads home`, () => {
    const { bridge } = shell(name, platform.login);
    for (const evil of ['https://evil.example', 'javascript:alert(1)', '/x"y', '/a#b', '']) {
      assert.equal(bridge.safeHash(evil), '/');
    }
    assert.equal(bridge.safeHash('/guide/SJ-GA-01'), '/guide/SJ-GA-01');
  });

  test(`${name}: what was scanned reaches the page through the hash, once`, () => {
    const { app, calls, load } = shell(name, { ...platform.scanned });
    load('scan').onLoad({ id: '7' });
    assert.ok(calls.some(([method]) => method === 'navigateBack'));

    app.globalData.src = 'https://h/m/?theme=dark#t=1&to=%2Fwallet';
    const page = load('h5');
    page.onLoad();
    page.onShow();
    assert.equal(page.data.src.split('#')[0], 'https://h/m/?theme=dark', 'the page is not loaded again');
    const result = JSON.parse(decodeURIComponent(page.data.src.split('#native=')[1]));
    assert.deepEqual(result, { kind: 'scan', id: '7', value: 'https://x/p/ABC' });
    assert.equal(app.globalData.result, null);
  });

  test(`${name}: a scan that was given up is told as such`, () => {
    const { app, load } = shell(name, platform.scanFailed);
    load('scan').onLoad({ id: '7' });
    assert.match(JSON.parse(app.globalData.result).error, /cancel/);
  });

  test(`${name}: the payer's success is only a reason to ask the server`, () => {
    const first = shell(name, platform.paid);
    first.load('pay').onLoad({ bill: 'b1', launch: encodeURIComponent('{"package":"prepay_id=1","tradeNO":"2"}') });
    assert.deepEqual(JSON.parse(first.app.globalData.result), { kind: 'pay', bill: 'b1', outcome: 'ask' });

    const second = shell(name, platform.cancelled);
    second.load('pay').onLoad({ bill: 'b1', launch: '{}' });
    assert.equal(JSON.parse(second.app.globalData.result).outcome, 'cancelled');
  });

  test(`${name}: a code is shown bright, a screenshot brings a warning`, () => {
    const { calls, load } = shell(name);
    const page = load('h5');
    page.onLoad();
    page.onPage({ detail: { src: 'https://h/m/#/qr/1' } });
    page.warnOfScreenshot();
    const bright = calls.find(([method]) => method === platform.lightCall)[1];
    assert.equal(bright.value ?? bright.brightness, 1);
    assert.ok(calls.some(([method]) => method === 'showToast'));
    page.onUnload();
    assert.ok(calls.some(([method]) => method === 'offUserCaptureScreen'));
  });

  test(`${name}: at most three templates are asked for`, () => {
    const { load } = shell(name);
    const page = load('subscribe');
    page.onLoad({ ids: encodeURIComponent('a,b,c,d'), id: '7' });
    assert.deepEqual(page.data.ids, ['a', 'b', 'c']);
  });
}

test('what was answered to the question for messages goes back under its name', () => {
  const answers = {
    wechat: { requestSubscribeMessage: finish({ a: 'acceptWithAudio', b: 'reject' }) },
    alipay: { requestSubscribeMessage: finish({ subscribedEntityIds: ['a'] }) },
  };
  for (const [name, answer] of Object.entries(answers)) {
    const { app, load } = shell(name, answer);
    const page = load('subscribe');
    page.onLoad({ ids: 'a,b', id: '7' });
    page.ask();
    assert.deepEqual(JSON.parse(app.globalData.result), { kind: 'subscribe', id: '7', accepted: ['a'] });
  }
});

test('every page of the lists exists', () => {
  const fs = require('node:fs');
  for (const [name, markup] of [['wechat', 'wxml'], ['alipay', 'axml']]) {
    const { pages } = JSON.parse(fs.readFileSync(path.join(WEB, name, 'app.json'), 'utf8'));
    for (const page of pages) {
      for (const ending of ['js', 'json', markup]) {
        assert.ok(fs.existsSync(path.join(WEB, name, `${page}.${ending}`)), `${name}/${page}.${ending}`);
      }
    }
  }
});
