// Devices of windows and client systems: enrolled, given keys, ended.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment } from '../../kit/i18n.js';
import { newKey, post, put } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Facts, Failure, Loading, Tag, useAct } from '../../kit/ui.js';
import { DeskTop, ShownOnce, WithCause, useDepartments } from '../desk.js';

const SCOPES = { licences: '证照核验', seals: '签章文件核验', departments: '部门办件通知' };

export default function Systems() {
  return html`
    <${DeskTop} at="systems" />
    <${Devices} />
    <${Clients} />
  `;
}

function State({ list, none }) {
  if (list.error && !list.items) {
    return html`<${Failure} error=${list.error} retry=${list.reload} />`;
  }
  if (!list.items) {
    return html`<${Loading} />`;
  }
  return list.items.length === 0 ? html`<p role="status">${none}</p>` : null;
}

function Devices() {
  const departments = useDepartments();
  const list = useList('/api/staff/counters', { name: 'devices' });
  const [code, setCode] = useState(null);
  return html`
    <section class="card" aria-labelledby="devices">
      <h2 id="devices">窗口设备</h2>
      ${code && html`<${ShownOnce} title="登记码" hint="请在窗口设备的浏览器打开“/counter/”输入，二十四小时内有效，只能用一次。" lines=${[['登记码', code]]} close=${() => setCode(null)} />`}
      <${NewCode} departments=${departments} done=${setCode} />
      <${State} list=${list} none="还没有登记窗口设备。" />
      ${list.items?.map(
        (one) => html`
          <article class="card" key=${one.id} aria-label=${one.name}>
            <h3>${one.name}</h3>
            <p><${Tag} tone=${one.active ? 'ok' : 'bad'}>${one.active ? '✓ 在用' : '✕ 已停用'}</${Tag}></p>
            <${Facts}
              items=${[
                ['部门', departments.nameOf(one.department)],
                ['地点', one.hall],
                ['登记时间', moment(one.enrolled_at)],
                ['停用时间', one.revoked_at && moment(one.revoked_at)],
              ]}
            />
            ${
              one.active &&
              html`<div class="bar"><${WithCause} id=${`device-${one.id}`} name="停用设备" danger question="这台设备的下一次请求起即被拒绝，不能恢复，须重新登记。" run=${(cause) => post(`/api/staff/counters/${one.id}/revocation`, { cause })} done=${list.reload} /></div>`
            }
          </article>
        `,
      )}
      <${More} list=${list} />
    </section>
  `;
}

function NewCode({ departments, done }) {
  const [values, setValues] = useState({ department: '', hall: '' });
  const act = useAct();
  const fill = (field) => (event) => setValues((before) => ({ ...before, [field]: event.target.value }));

  async function submit(event) {
    event.preventDefault();
    const made = await act.run(() =>
      post('/api/staff/counter-codes', { ...values, hall: values.hall.trim() }, { key: newKey() }),
    );
    if (made) {
      done(made.code);
    }
  }

  return html`
    <form class="form" onSubmit=${submit} aria-label="新设备登记码">
      <div class="cols">
        <div class="field">
          <label for="code-department">部门</label>
          <select class="in" id="code-department" required value=${values.department} onChange=${fill('department')}>
            <option value="">请选择</option>
            ${departments.rows.filter((row) => !row.closed_on).map((row) => html`<option key=${row.key} value=${row.key}>${row.short_name}</option>`)}
          </select>
        </div>
        <div class="field">
          <label for="hall">地点（大厅和窗口）</label>
          <input class="in" id="hall" required minlength="2" maxlength="60" value=${values.hall} onInput=${fill('hall')} />
        </div>
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn sec" disabled=${act.busy}>生成登记码</button>
    </form>
  `;
}

function Clients() {
  const list = useList('/api/staff/client-systems', { name: 'clients' });
  const [key, setKey] = useState(null);
  const [adding, setAdding] = useState(false);

  function made(answer) {
    setAdding(false);
    setKey(answer);
    list.reload();
  }

  return html`
    <section class="card" aria-labelledby="clients">
      <h2 id="clients">接入系统</h2>
      ${
        key &&
        html`
        <${ShownOnce}
          title="接入密钥"
          hint=${key.former_until ? `原密钥到 ${moment(key.former_until)} 前仍可使用，请在此之前更换。` : '请立即交给系统管理员保存。'}
          lines=${[['系统编号', key.client_id], ['密钥', key.secret]]}
          close=${() => setKey(null)}
        />
      `
      }
      <div class="bar"><button class="btn sec" aria-expanded=${String(adding)} onClick=${() => setAdding(!adding)}>登记接入系统</button></div>
      ${adding && html`<${ClientForm} done=${made} />`}
      <${State} list=${list} none="还没有登记接入系统。" />
      ${list.items?.map((one) => html`<${Client} key=${`${one.id}${one.name}${one.daily_quota}${one.scopes}`} one=${one} reload=${list.reload} showKey=${made} />`)}
      <${More} list=${list} />
    </section>
  `;
}

function Client({ one, reload, showKey }) {
  const [changing, setChanging] = useState(false);
  const path = `/api/staff/client-systems/${one.id}`;
  return html`
    <article class="card" aria-label=${one.name}>
      <h3>${one.name}</h3>
      <p><${Tag} tone=${one.active ? 'ok' : 'bad'}>${one.active ? '✓ 在用' : '✕ 已停用'}</${Tag}></p>
      <${Facts}
        items=${[
          ['系统编号', one.client_id],
          ['开通接口', one.scopes.map((scope) => SCOPES[scope] ?? scope).join('、')],
          ['每日调用上限', `${one.daily_quota} 次`],
          ['登记时间', moment(one.created_at)],
          ['原密钥有效至', one.former_until && moment(one.former_until)],
        ]}
      />
      ${changing && html`<${ClientForm} one=${one} done=${reload} />`}
      ${
        one.active &&
        html`
        <div class="bar">
          <button class="btn sec sm" aria-expanded=${String(changing)} onClick=${() => setChanging(!changing)}>修改</button>
          <${NewKey} one=${one} path=${path} done=${showKey} />
          <${WithCause} id=${`client-${one.id}`} name="停用系统" danger question="下一次请求起即被拒绝，正在接收的通知立即中断，不能恢复。" run=${(cause) => post(`${path}/revocation`, { cause })} done=${reload} />
        </div>
      `
      }
    </article>
  `;
}

function NewKey({ one, path, done }) {
  const [asked, setAsked] = useState(false);
  const [key, setKey] = useState(newKey);
  const act = useAct();

  async function run() {
    const made = await act.run(() => post(`${path}/key`, {}, { key }));
    if (made) {
      setKey(newKey());
      setAsked(false);
      done(made);
    }
  }

  if (!asked) {
    return html`<button class="btn sec sm" onClick=${() => setAsked(true)}>更换密钥…</button>`;
  }
  return html`
    ${act.error && html`<${Failure} error=${act.error} />`}
    <button class="btn sm" disabled=${act.busy} onClick=${run}>确认更换${one.name}的密钥</button>
    <button class="btn plain sm" onClick=${() => setAsked(false)}>先不更换</button>
  `;
}

function ClientForm({ one, done }) {
  const [values, setValues] = useState(one ?? { client_id: '', name: '', daily_quota: 1000, scopes: [] });
  const [key] = useState(newKey);
  const act = useAct();
  const id = (name) => `${name}-${one?.id ?? 'new'}`;
  const fill = (field) => (event) => setValues((before) => ({ ...before, [field]: event.target.value }));

  function toggle(scope) {
    const has = values.scopes.includes(scope);
    const scopes = has ? values.scopes.filter((each) => each !== scope) : [...values.scopes, scope];
    setValues((before) => ({ ...before, scopes }));
  }

  async function submit(event) {
    event.preventDefault();
    const body = { name: values.name.trim(), daily_quota: Number(values.daily_quota), scopes: values.scopes };
    const answer = await act.run(() =>
      one
        ? put(`/api/staff/client-systems/${one.id}`, body)
        : post('/api/staff/client-systems', { ...body, client_id: values.client_id.trim() }, { key }),
    );
    if (answer !== undefined) {
      done(answer);
    }
  }

  return html`
    <form class="form" onSubmit=${submit} aria-label=${one ? `修改${one.name}` : '登记接入系统'}>
      ${
        !one &&
        html`
        <div class="field">
          <label for=${id('client')}>系统编号</label>
          <p class="hint" id="client-hint">小写字母、数字或短横线，以字母开头，例如 city-bank。以后不能修改。</p>
          <input class="in" id=${id('client')} required maxlength="40" aria-describedby="client-hint" autocomplete="off" value=${values.client_id} onInput=${fill('client_id')} />
        </div>
      `
      }
      <div class="cols">
        <div class="field">
          <label for=${id('name')}>名称</label>
          <input class="in" id=${id('name')} required minlength="2" maxlength="80" value=${values.name} onInput=${fill('name')} />
        </div>
        <div class="field">
          <label for=${id('quota')}>每日调用上限（次）</label>
          <input class="in" id=${id('quota')} type="number" min="1" max="10000000" required value=${values.daily_quota} onInput=${fill('daily_quota')} />
        </div>
      </div>
      <fieldset class="field">
        <legend>开通接口（至少一项）</legend>
        ${Object.entries(SCOPES).map(
          ([scope, name]) => html`
            <label class="choice" key=${scope}>
              <input type="checkbox" checked=${values.scopes.includes(scope)} onChange=${() => toggle(scope)} />
              ${name}
            </label>
          `,
        )}
      </fieldset>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy || values.scopes.length === 0}>${one ? '保存' : '登记并显示密钥'}</button>
    </form>
  `;
}
