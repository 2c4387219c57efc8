// Operator: the addresses of a department's line systems that are told of its cases.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment } from '../../kit/i18n.js';
import { del, get, post, put } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Facts, Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { Table } from '../table.js';
import { me } from '../state.js';

const HEALTH = {
  unused: ['idle', '○ 还没有用过'],
  healthy: ['ok', '✓ 正常'],
  failing: ['bad', '✕ 失败中'],
  paused: ['warn', '! 已暂停'],
};
const CALLS = { pending: ['info', '等待发送'], sent: ['ok', '✓ 已送达'], dead: ['bad', '✕ 未送达'] };

export default function Webhooks() {
  const overview = useData(() => get('/api/staff/overview'));
  const [chosen, setChosen] = useState(me.value.department?.key ?? null);
  const departments = overview.data?.departments ?? [];
  const key = chosen ?? departments[0]?.key;
  return html`
    <p><a class="btn sec sm" href="#/delivery">‹ 消息投递</a></p>
    <${H1} text="系统通知地址" />
    <p class="muted">办件有进展时，平台把签名的通知发到部门业务系统的这些地址；送不到会继续重试，约五天后记为未送达。</p>
    ${overview.error && html`<${Failure} error=${overview.error} retry=${overview.reload} />`}
    ${!overview.data && !overview.error && html`<${Loading} />`}
    ${
      departments.length > 0 &&
      html`
      <div class="field">
        <label for="department">部门</label>
        <select class="in" id="department" value=${key} onChange=${(event) => setChosen(event.target.value)}>
          ${departments.map((one) => html`<option key=${one.key} value=${one.key}>${one.name}</option>`)}
        </select>
      </div>
      <${Addresses} key=${key} base=${`/api/staff/departments/${key}/webhooks`} />
    `
    }
  `;
}

function Addresses({ base }) {
  const found = useData(() => get(base));
  const [shown, setShown] = useState(null);
  if (!found.data) {
    return found.error ? html`<${Failure} error=${found.error} retry=${found.reload} />` : html`<${Loading} />`;
  }
  return html`
    ${shown && html`<${Secret} key=${shown.secret} secret=${shown.secret} close=${() => setShown(null)} />`}
    ${found.data.webhooks.length === 0 && html`<section class="card"><p role="status">这个部门还没有通知地址。</p></section>`}
    ${found.data.webhooks.map(
      (one) => html`
      <${Address} key=${one.id} one=${one} path=${`${base}/${one.id}`} changed=${found.reload} showKey=${setShown} />
    `,
    )}
    <${Register} base=${base} done=${(key) => {
      setShown(key);
      found.reload();
    }} />
  `;
}

function Secret({ secret, close }) {
  return html`
    <section class="card" role="alert" aria-label="签名密钥">
      <h2>签名密钥只显示这一次</h2>
      <p>请立即交给业务系统的管理员保存：</p>
      <p class="mono">${secret}</p>
      <p><button class="btn" onClick=${close}>已经保存</button></p>
    </section>
  `;
}

function Address({ one, path, changed, showKey }) {
  const [tone, words] = HEALTH[one.health] ?? ['info', one.health];
  const [answer, setAnswer] = useState(null);
  const [leaving, setLeaving] = useState(false);
  const act = useAct();

  async function change(work) {
    await act.run(work);
    changed();
  }

  async function test() {
    setAnswer(await act.run(() => post(`${path}/test`)));
    changed();
  }

  async function newKey() {
    const key = await act.run(() => post(`${path}/key`));
    if (key) {
      showKey(key);
    }
  }

  return html`
    <section class="card" aria-label=${one.url}>
      <h2 class="mono">${one.url}</h2>
      <p><${Tag} tone=${tone}>${words}</${Tag}></p>
      <${Facts}
        items=${[
          ['通知种类', one.kinds.length ? one.kinds.join('、') : '全部'],
          ['签名方式', one.suite],
          ['等待 / 未送达', `${one.pending} / ${one.dead}`],
          ['最近送达', one.last_sent_at && moment(one.last_sent_at)],
          ['最近失败', one.last_failed_at && `${moment(one.last_failed_at)}（${one.last_error}）`],
        ]}
      />
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div role="status">
        ${
          answer &&
          html`
          <p class=${answer.taken ? 'note ok' : 'note bad'}>
            ${answer.taken ? `对方已收下测试通知，用时 ${answer.milliseconds} 毫秒` : `对方没有收下：${answer.error}${answer.status ? `（${answer.status}）` : ''}`}
          </p>
        `
        }
      </div>
      <div class="bar">
        <button class="btn sec sm" disabled=${act.busy} onClick=${test}>发送测试通知</button>
        <button class="btn sec sm" disabled=${act.busy} onClick=${() => change(() => put(`${path}/state`, { state: one.state === 'paused' ? 'active' : 'paused' }))}>
          ${one.state === 'paused' ? '恢复' : '暂停'}
        </button>
        <button class="btn sec sm" disabled=${act.busy} onClick=${newKey}>换密钥</button>
        ${
          leaving
            ? html`
            <button class="btn danger sm" disabled=${act.busy} onClick=${() => change(() => del(path))}>确认删除，等待的通知一并删除</button>
            <button class="btn plain sm" onClick=${() => setLeaving(false)}>先不删除</button>
          `
            : html`<button class="btn plain sm" onClick=${() => setLeaving(true)}>删除…</button>`
        }
      </div>
      <${Calls} path=${path} url=${one.url} changed=${changed} />
    </section>
  `;
}

function Calls({ path, url, changed }) {
  const [open, setOpen] = useState(false);
  if (!open) {
    return html`<p><button class="btn plain sm" onClick=${() => setOpen(true)}>查看通知记录</button></p>`;
  }
  return html`<${CallList} path=${path} url=${url} changed=${changed} />`;
}

function CallList({ path, url, changed }) {
  const [state, setState] = useState(null);
  const found = useList(`${path}/calls`, { query: { state }, name: 'calls', by: 'number' });
  const act = useAct();

  async function replay(number) {
    await act.run(() => post(`${path}/calls/${number}/replay`));
    found.reload();
    changed();
  }

  return html`
    <div class="filters" role="group" aria-label="通知状态">
      ${[[null, '全部'], ...Object.entries(CALLS).map(([value, [, label]]) => [value, label])].map(
        ([value, label]) => html`
        <button class="btn sec sm" key=${label} aria-pressed=${String(state === value)} onClick=${() => setState(value)}>${label}</button>
      `,
      )}
    </div>
    ${(act.error || found.error) && html`<${Failure} error=${act.error ?? found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${found.items?.length === 0 && html`<p role="status">没有通知记录。</p>`}
    ${
      found.items?.length > 0 &&
      html`
      <${Table} label=${`${url} 的通知`} head=${['序号', '种类', '时间', '已试', '状态', '原因', '操作']}>
        ${found.items.map(
          (call) => html`
          <tr key=${call.number}>
            <th scope="row">${call.number}</th><td class="mono">${call.kind}</td><td>${moment(call.created_at)}</td><td>${call.attempts}</td>
            <td><${Tag} tone=${CALLS[call.state][0]}>${CALLS[call.state][1]}</${Tag}></td><td class="mono">${call.last_error ?? '—'}</td>
            <td>${call.state === 'dead' && html`<button class="btn sec sm" disabled=${act.busy} onClick=${() => replay(call.number)}>重新发送 ${call.number}</button>`}</td>
          </tr>
        `,
        )}
      </${Table}>
    `
    }
    <${More} list=${found} />
  `;
}

function Register({ base, done }) {
  const [url, setUrl] = useState('');
  const [suite, setSuite] = useState('hmac-sm3');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const key = await act.run(() => post(base, { url: url.trim(), suite }));
    if (key) {
      setUrl('');
      done(key);
    }
  }

  return html`
    <form class="card form" onSubmit=${submit} aria-labelledby="new-address">
      <h2 id="new-address">新增通知地址</h2>
      <div class="field">
        <label for="url">地址（公开的 https 地址）</label>
        <input class="in" id="url" type="url" required maxlength="500" placeholder="https://" value=${url} onInput=${(event) => setUrl(event.target.value)} />
      </div>
      <div class="field">
        <label for="suite">签名方式</label>
        <select class="in" id="suite" value=${suite} onChange=${(event) => setSuite(event.target.value)}>
          <option value="hmac-sm3">HMAC-SM3（国密）</option>
          <option value="hmac-sha256">HMAC-SHA256</option>
        </select>
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy}>新增</button>
    </form>
  `;
}
