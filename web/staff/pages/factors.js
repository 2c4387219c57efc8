// An officer's own ways of signing in: what is enrolled, enrolling and removing, who signed in of late.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment } from '../../kit/i18n.js';
import { del, get, post } from '../../kit/api.js';
import { Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { svgOf } from '../../kit/qr-code.js';
import { make, passkeysWork } from '../passkeys.js';
import { SecondStep } from '../second-step.js';
import { enrolled, enrolling, me } from '../state.js';

const WAYS = { totp: '动态口令', passkey: '通行密钥' };
const VIA = {
  password: '密码',
  'password+totp': '密码 + 动态口令',
  'password+passkey': '密码 + 通行密钥',
  recovery: '两人确认后恢复',
};

const RECOVERING = ['supervisor', 'account_keeper'];

export default function Factors() {
  const found = useData(() => get('/api/staff/factors'));
  const mine = found.data;

  function changed(answer) {
    found.set(answer);
    if (enrolling.value) {
      enrolled();
    }
  }

  return html`
    ${
      !enrolling.value &&
      html`
      <p class="filters">
        <a class="btn sec sm" href="#/">‹ 返回列表</a>
        ${me.value?.roles.some((role) => RECOVERING.includes(role)) && html`<a class="btn sec sm" href="#/recoveries">恢复登录</a>`}
      </p>
    `
    }
    <${H1} text="我的登录方式" />
    ${
      mine?.must_enrol &&
      html`
      <div class="note warn">
        <b>请先登记第二登录方式</b>
        <p>本单位要求登录时除密码外再出示一样东西。登记通行密钥或动态口令后，即可办理业务。</p>
      </div>
    `
    }
    ${found.error && !mine && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!mine && !found.error && html`<${Loading} />`}
    ${mine && html`<${Mine} mine=${mine} changed=${changed} reload=${found.reload} />`}
  `;
}

function Mine({ mine, changed, reload }) {
  const mayChange = mine.may_change_until !== null;
  return html`
    ${!mayChange && html`<${SignInAgain} staffNo=${mine.staff_no} done=${reload} />`}
    <div class="cols">
      <${Held} mine=${mine} mayChange=${mayChange} changed=${changed} />
      ${mayChange && mine.passkeys && passkeysWork() && html`<${NewPasskey} changed=${changed} />`}
      ${mayChange && html`<${NewApp} again=${mine.factors.some((one) => one.way === 'totp')} changed=${changed} />`}
      <${SignIns} list=${mine.sign_ins} />
    </div>
  `;
}

function Held({ mine, mayChange, changed }) {
  const act = useAct();
  const [asked, setAsked] = useState(null);

  async function remove(one) {
    const path = one.way === 'totp' ? 'totp' : `passkeys/${one.id}`;
    const answer = await act.run(() => del(`/api/staff/factors/${path}`));
    setAsked(null);
    if (answer) {
      changed(answer);
    }
  }

  const key = (one) => one.id ?? one.way;
  return html`
    <section class="card" aria-labelledby="held">
      <h2 id="held">已登记</h2>
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${mine.factors.length === 0 && html`<p class="muted">还没有登记，登录时只用密码。</p>`}
      <ul class="list">
        ${mine.factors.map(
          (one) => html`
          <li key=${key(one)} class="row">
            <span class="grow">
              <b>${one.name}</b>
              <small>${WAYS[one.way]} · ${moment(one.created_at)} 登记${one.last_used_at && ` · 上次使用 ${moment(one.last_used_at)}`}</small>
              ${one.locked_at && html`<${Tag} tone="bad">✕ 疑似被复制，已停用，请移除</${Tag}>`}
            </span>
            ${
              mayChange &&
              (asked === key(one)
                ? html`<button class="btn danger sm" disabled=${act.busy} onClick=${() => remove(one)}>确定移除</button>`
                : html`<button class="btn sec sm" aria-label=${`移除${one.name}`} onClick=${() => setAsked(key(one))}>移除</button>`)
            }
          </li>
        `,
        )}
      </ul>
      ${mine.required && html`<p class="hint">本单位要求至少保留一个。建议登记两个，以免设备丢失后无法登录。</p>`}
    </section>
  `;
}

function NewPasskey({ changed }) {
  const [name, setName] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const answer = await act.run(async () => {
      const asked = await post('/api/staff/factors/passkeys/challenge');
      return post('/api/staff/factors/passkeys', { id: asked.id, name, ...(await make(asked)) });
    });
    if (answer) {
      setName('');
      changed(answer);
    }
  }

  return html`
    <form class="card form" onSubmit=${submit}>
      <h2>登记通行密钥</h2>
      <p>推荐。用这台电脑、手机或安全钥匙登录，不会被仿冒网站骗走。</p>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div class="field">
        <label for="key-name">给它起个名字</label>
        <input class="in" id="key-name" required maxlength="40" autocomplete="off" placeholder="例如：办公室电脑" value=${name} onInput=${(event) => setName(event.target.value)} />
      </div>
      <button class="btn block" disabled=${act.busy}>登记通行密钥</button>
    </form>
  `;
}

function NewApp({ again, changed }) {
  const [begun, setBegun] = useState(null);
  const [code, setCode] = useState('');
  const act = useAct();

  async function begin() {
    setBegun((await act.run(() => post('/api/staff/factors/totp'))) ?? null);
  }

  async function confirm(event) {
    event.preventDefault();
    const answer = await act.run(() => post('/api/staff/factors/totp/confirmation', { id: begun.id, code }));
    setCode('');
    if (answer) {
      setBegun(null);
      changed(answer);
    }
  }

  return html`
    <section class="card" aria-labelledby="new-app">
      <h2 id="new-app">${again ? '更换动态口令' : '登记动态口令'}</h2>
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${
        begun
          ? html`
          <p>1. 用手机上的验证器应用扫码，或手工输入密钥。</p>
          <p><img class="factor-code" src=${pictureOf(begun.uri)} alt="供验证器应用扫描的二维码" /></p>
          <dl class="kv"><dt>密钥</dt><dd class="mono">${inGroups(begun.secret)}</dd></dl>
          <form class="form" onSubmit=${confirm}>
            <div class="field">
              <label for="first-code">2. 输入应用显示的六位数字</label>
              <input class="in mono" id="first-code" required maxlength="20" inputmode="numeric" autocomplete="one-time-code" value=${code} onInput=${(event) => setCode(event.target.value)} />
            </div>
            <button class="btn block" disabled=${act.busy}>确认启用</button>
          </form>
        `
          : html`
          <p>${again ? '换了手机时重新登记，原来的随即失效。' : '手机上装一个验证器应用，登录时输入它显示的六位数字。'}</p>
          <button class="btn sec block" disabled=${act.busy} onClick=${begin}>${again ? '开始更换' : '开始登记'}</button>
        `
      }
    </section>
  `;
}

const pictureOf = (uri) => `data:image/svg+xml,${encodeURIComponent(svgOf(uri))}`;
const inGroups = (secret) => secret.match(/.{1,4}/g).join(' ');

/** Factors are changed right after a whole sign-in: the same officer, without leaving the page. */
function SignInAgain({ staffNo, done }) {
  const [password, setPassword] = useState('');
  const [asked, setAsked] = useState(null);
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const session = await act.run(async () => {
      try {
        return await post('/api/staff/sessions', { staff_no: staffNo, password });
      } catch (problem) {
        if (problem.slug !== 'second-factor-needed') {
          throw problem;
        }
        setAsked(problem.members);
        return null;
      }
    });
    setPassword('');
    if (session) {
      done();
    }
  }

  if (asked) {
    return html`<${SecondStep} asked=${asked} done=${done} leave=${() => setAsked(null)} />`;
  }
  return html`
    <form class="card form" onSubmit=${submit}>
      <h2>更改前请再登录一次</h2>
      <p>登录方式只能在登录后的十分钟内更改。</p>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <input class="vh" tabindex="-1" aria-hidden="true" autocomplete="username" value=${staffNo} readonly />
      <div class="field">
        <label for="password-again">密码</label>
        <input class="in" id="password-again" type="password" required maxlength="256" autocomplete="current-password" value=${password} onInput=${(event) => setPassword(event.target.value)} />
      </div>
      <button class="btn block" disabled=${act.busy}>继续</button>
    </form>
  `;
}

function SignIns({ list }) {
  return html`
    <section class="card" aria-labelledby="sign-ins">
      <h2 id="sign-ins">最近登录</h2>
      <p class="hint">有不是您本人的登录，请立即修改密码并告知管理员。</p>
      <ul class="list">
        ${list.map(
          (one) => html`
          <li class="row">
            <span class="grow"><b>${moment(one.at)}</b><small>${[VIA[one.via], one.device, one.address].filter(Boolean).join(' · ')}</small></span>
          </li>
        `,
        )}
      </ul>
    </section>
  `;
}
