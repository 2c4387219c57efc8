// Counter page: enrol this device once, then scan, judge, next one.

import { html, render, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { LargeText } from '../kit/large-text.js';
import { useList } from '../kit/list.js';
import { Failure, H1, Loading, Tag, useAct, useData, useLatest } from '../kit/ui.js';
import { complaint, openCamera } from './camera.js';
import { enrol, enrolled, forget, isDisowned, signed } from './device.js';
import { forgetEvidence } from './evidence.js';
import { follow } from './follow.js';
import { handIn, judge, waiting } from './judge.js';
import { Evidence, Result, Today, Waiting } from './result.js';
import { clean, listen } from './wedge.js';

const PURPOSES = ['办理业务', '身份核对', '入场查验', '执法检查'];
const NO_STORE = { title: '浏览器不允许保存本机密钥，请关闭无痕模式后重试' };
const TODAY = '/api/counter/verifications';
const AIM = '把市民手机上的二维码对准取景框，或用扫码枪扫。';
const CHECKING = '正在核验…';

function App() {
  const device = useData(enrolled);
  const [counter, setCounter] = useState(null);
  const mine = counter ?? device.data;
  const page = useOtherPage();

  async function disown() {
    await forgetEvidence();
    await forget();
    location.reload();
  }

  return html`
    <a class="skip" href="#main">跳到主要内容</a>
    <header class="top">
      <span class="seal" aria-hidden="true">核</span>
      <span class="name">窗口核验</span>
      <${Network} />
      <${LargeText} />
    </header>
    <main id="main" class="wide">
      ${device.error && html`<${Failure} error=${NO_STORE} />`}
      ${!device.error && device.data === null && !counter && html`<${Loading} />`}
      ${mine && html`<${page ?? Desk} counter=${mine} disown=${disown} />`}
      ${!mine && device.data !== null && html`<${Enrol} done=${setCounter} />`}
    </main>
  `;
}

/** The page named in the address beside the desk; loaded only then, since it needs the network anyway. */
function useOtherPage() {
  const [page, setPage] = useState(null);
  useEffect(() => {
    async function follow() {
      const other = location.hash === '#/authorisations' ? await import('./authorisations.js') : null;
      setPage(() => other?.default ?? null);
    }
    addEventListener('hashchange', follow);
    follow();
    return () => removeEventListener('hashchange', follow);
  }, []);
  return page;
}

function Network() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    addEventListener('online', update);
    addEventListener('offline', update);
    return () => {
      removeEventListener('online', update);
      removeEventListener('offline', update);
    };
  }, []);
  return html`<${Tag} tone=${online ? 'ok' : 'warn'}>${online ? '● 在线' : '▲ 离线'}</${Tag}>`;
}

/** First use: a code from the administrator binds this browser to a counter. */
function Enrol({ done }) {
  const [code, setCode] = useState('');
  const [label, setLabel] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const counter = await act.run(() => enrol({ code: code.trim(), label: label.trim() || '窗口电脑' }));
    if (counter) {
      done(counter);
    }
  }

  return html`
    <${H1} text="登记这台设备" />
    <p>第一次使用需要登记。密钥在本机生成，不会离开这台设备。</p>
    ${act.error && html`<${Failure} error=${act.error} />`}
    <form class="card form" onSubmit=${submit}>
      <div class="field">
        <label for="code">登记码</label>
        <span class="hint" id="code-hint">向管理员领取，只能用一次</span>
        <input
          class="in mono"
          id="code"
          required
          autocomplete="one-time-code"
          aria-describedby="code-hint"
          value=${code}
          onInput=${(event) => setCode(event.target.value)}
        />
      </div>
      <div class="field">
        <label for="label">设备名称</label>
        <span class="hint" id="label-hint">例如：3 号窗口电脑</span>
        <input
          class="in"
          id="label"
          aria-describedby="label-hint"
          value=${label}
          onInput=${(event) => setLabel(event.target.value)}
        />
      </div>
      <button class="btn block" disabled=${act.busy}>登记</button>
    </form>
  `;
}

/** Scan on the left, result on the right (on a phone the result moves above the camera). */
function Desk({ counter, disown }) {
  const [purpose, setPurpose] = useState(PURPOSES[0]);
  const [result, setResult] = useState(null);
  const [notice, setNotice] = useState('');
  const camera = useRef(null);
  const wish = useRef({});
  const [item, setItem] = useState('');
  const [caseNo, setCaseNo] = useState('');
  const [link, setLink] = useState({ reachable: navigator.onLine, turn: 0, waiting: 0 });
  const latest = useRef(null);
  const today = useList(TODAY, {
    name: 'verifications',
    by: 'verification_id',
    read: (path) => signed(counter, 'GET', path),
  });
  const act = useAct();
  wish.current = { purpose, item_code: item.trim() || null, case_no: caseNo.trim() || null };
  latest.current = result;

  async function scanned(text) {
    camera.current?.pause();
    setNotice('');
    const answer = await act.run(() => judge(counter, { code: text, ...wish.current }));
    if (answer) {
      setResult(answer);
      scrollTo(0, 0);
      settle();
    } else {
      camera.current?.resume();
    }
  }

  /** After a verdict, or when the lists are fresh: hand in what waits, and say what has changed. */
  async function settle() {
    const answers = await handIn(counter).catch(() => new Map());
    const now = answers.get(latest.current?.key);
    if (now) {
      setResult({ ...now, before: now.shown });
    }
    const changed = [...answers.values()].filter((one) => one.verdict !== one.shown).length;
    if (changed) {
      setNotice(`已补报离线核验，其中 ${changed} 次的结果已有变化，请看“今天的核验”。`);
    }
    const left = await waiting();
    setLink((before) => ({ ...before, turn: before.turn + 1, waiting: left }));
    today.reload();
  }

  const changed = useLatest(settle);
  const reachable = useLatest((now) => setLink((before) => ({ ...before, reachable: now })));
  useEffect(() => follow(counter, { changed, reachable }), [counter]);

  function next() {
    setResult(null);
    act.clear();
    document.title = '窗口核验 · 云间证';
    camera.current?.resume();
  }

  const read = useLatest(scanned);
  useEffect(
    () =>
      listen({
        found: read,
        swallowed: () => setNotice('扫码枪的输入被中文输入法截走了，请切换到英文输入法。'),
      }),
    [],
  );

  return html`
    <${H1} text="窗口核验" hidden />
    <div class="bar">
      <b class="grow">${[counter.hall, counter.name].filter(Boolean).join(' · ')}</b>
      <span class="muted">${counter.department}</span>
      <a class="btn sec sm" href="#/authorisations">按授权查看</a>
    </div>
    <div class=${result ? 'counter judged' : 'counter'}>
      <section class="card" aria-label="扫码">
        <${Purpose} chosen=${purpose} choose=${setPurpose} />
        <${Errand} item=${item} setItem=${setItem} caseNo=${caseNo} setCaseNo=${setCaseNo} />
        <${Camera} holder=${camera} found=${scanned} />
        <p class="hint" role="status">${notice || (act.busy ? CHECKING : AIM)}</p>
        <${Typed} found=${scanned} />
      </section>
      <section class="stack result" aria-live="assertive" aria-label="核验结果">
        ${act.error && html`<${Refused} error=${act.error} disown=${disown} />`}
        ${result ? html`<${Result} result=${result} next=${next} />` : html`<${Waiting} />`}
        <${Evidence} link=${link} />
        <${Today} found=${today} />
      </section>
    </div>
  `;
}

function Refused({ error, disown }) {
  return html`
    <${Failure} error=${error} />
    ${isDisowned(error) && html`<button class="btn sec" onClick=${disown}>重新登记这台设备</button>`}
  `;
}

function Purpose({ chosen, choose }) {
  return html`
    <div class="field">
      <label for="purpose">核验用途（市民会看到）</label>
      <select class="in" id="purpose" onChange=${(event) => choose(event.target.value)}>
        ${PURPOSES.map((purpose) => html`<option value=${purpose} selected=${purpose === chosen}>${purpose}</option>`)}
      </select>
    </div>
  `;
}

/** What is being handled: then only what it asks for is shown, and the look is entered with it. */
function Errand({ item, setItem, caseNo, setCaseNo }) {
  return html`
    <details>
      <summary>所办事项（选填）</summary>
      <div class="field">
        <label for="item">事项编号</label>
        <span class="hint" id="item-hint">填写后只显示该事项需要的证照内容</span>
        <input
          class="in mono"
          id="item"
          autocomplete="off"
          aria-describedby="item-hint"
          value=${item}
          onInput=${(event) => setItem(event.target.value)}
        />
      </div>
      <div class="field">
        <label for="case">办件编号</label>
        <input
          class="in mono"
          id="case"
          autocomplete="off"
          value=${caseNo}
          onInput=${(event) => setCaseNo(event.target.value.toUpperCase())}
        />
      </div>
    </details>
  `;
}

function Camera({ holder, found }) {
  const video = useRef(null);
  const [trouble, setTrouble] = useState('');
  const [lit, setLit] = useState(false);
  const [torch, setTorch] = useState(null);
  const [attempt, setAttempt] = useState(1);

  const seen = useLatest(found);
  const again = useLatest(() => {
    setTrouble('');
    setAttempt((count) => count + 1);
  });

  useEffect(() => {
    let left = false;
    openCamera(video.current, seen).then(
      (camera) => {
        if (left) {
          camera.close();
          return;
        }
        holder.current = camera;
        setTorch(() => camera.torch);
      },
      (error) => setTrouble(complaint(error)),
    );
    return () => {
      left = true;
      holder.current?.close();
      holder.current = null;
    };
  }, [attempt, holder]);

  // Plugged in after the page was opened: nobody need press anything.
  useEffect(() => {
    if (!trouble || !navigator.mediaDevices) {
      return undefined;
    }
    navigator.mediaDevices.addEventListener('devicechange', again);
    return () => navigator.mediaDevices.removeEventListener('devicechange', again);
  }, [trouble]);

  function light() {
    torch(!lit);
    setLit(!lit);
  }

  return html`
    ${
      trouble
        ? html`
          <p class="note warn">${trouble}</p>
          <p><button class="btn sec sm" onClick=${again}>重新打开摄像头</button></p>
        `
        : html`<div class="cam"><video ref=${video} muted playsinline aria-label="摄像头画面"></video></div>`
    }
    ${torch && html`<p><button class="btn sec sm" aria-pressed=${String(lit)} onClick=${light}>补光灯</button></p>`}
  `;
}

function Typed({ found }) {
  const [text, setText] = useState('');

  function submit(event) {
    event.preventDefault();
    if (clean(text)) {
      found(clean(text));
      setText('');
    }
  }

  return html`
    <form class="search" onSubmit=${submit}>
      <label class="vh" for="typed">粘贴码的内容</label>
      <input
        class="in"
        id="typed"
        autocomplete="off"
        autocapitalize="off"
        spellcheck=${false}
        placeholder="或粘贴码的内容"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
      />
      <button class="btn sec">核验</button>
    </form>
  `;
}

if ('serviceWorker' in navigator) {
  navigator.serviceWorker.register('/counter/sw.js').catch(() => undefined);
}

const root = document.getElementById('app');
root.textContent = '';
render(html`<${App} />`, root);
