// Departments at the accounts desk: made, renamed, closed.

import { html, useState } from '../../vendor/preact-htm.js';
import { day } from '../../kit/i18n.js';
import { post, put } from '../../kit/api.js';
import { Failure, Loading, Tag, useAct } from '../../kit/ui.js';
import { DeskTop, useDepartments } from '../desk.js';
import { Table } from '../table.js';

const EMPTY = { key: '', name: '', short_name: '', credit_code: '' };
const BASE = '/api/staff/departments';

export default function Departments() {
  const found = useDepartments();
  const [chosen, setChosen] = useState(null);
  const [said, setSaid] = useState('');

  function done(words) {
    setSaid(words);
    setChosen(null);
    found.reload();
  }

  return html`
    <${DeskTop} at="accounts" text="部门管理" />
    <div class="bar">
      <a class="btn sec sm" href="#/accounts">‹ 人员</a>
      <button class="btn sm" onClick=${() => setChosen(EMPTY)}>新增部门</button>
    </div>
    <div role="status">${said && html`<p class="note ok">${said}</p>`}</div>
    ${found.error && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${chosen && html`<${Form} key=${chosen.key} one=${chosen} done=${done} leave=${() => setChosen(null)} />`}
    ${!found.data && !found.error && html`<${Loading} />`}
    ${
      found.rows.length > 0 &&
      html`
      <section class="card">
        <${Table} label="部门" head=${['部门', '代码', '统一社会信用代码', '状态']}>
          ${found.rows.map(
            (row) => html`
              <tr key=${row.key}>
                <td><button class="btn plain sm" onClick=${() => setChosen(row)}>${row.short_name}</button><br /><span class="muted">${row.name}</span></td>
                <td class="mono nowrap">${row.key}</td>
                <td class="mono nowrap">${row.credit_code}</td>
                <td class="nowrap">${row.closed_on ? html`<${Tag} tone="idle">${day(row.closed_on)} 撤销</${Tag}>` : html`<${Tag} tone="ok">✓ 在用</${Tag}>`}</td>
              </tr>
            `,
          )}
        </${Table}>
      </section>
    `
    }
  `;
}

function Form({ one, done, leave }) {
  const [values, setValues] = useState(one);
  const [closing, setClosing] = useState(false);
  const act = useAct();
  const isNew = one.key === '';
  const fill = (field) => (event) => setValues((before) => ({ ...before, [field]: event.target.value }));

  async function submit(event) {
    event.preventDefault();
    const { key, name, short_name, credit_code } = values;
    const names = { name, short_name, credit_code };
    const send = () => (isNew ? post(`${BASE}/`, { key, ...names }) : put(`${BASE}/${one.key}`, names));
    if ((await act.run(send)) === null) {
      done(isNew ? `已新增${short_name}。` : `已修改${short_name}。`);
    }
  }

  async function close() {
    if ((await act.run(() => post(`${BASE}/${one.key}/closing`))) === null) {
      done(`${one.short_name}已撤销。`);
    }
  }

  return html`
    <form class="card form" onSubmit=${submit} aria-labelledby="department">
      <h2 id="department">${isNew ? '新增部门' : one.short_name}</h2>
      ${
        isNew &&
        html`
        <div class="field">
          <label for="key">部门代码</label>
          <p class="hint" id="key-hint">2 至 16 位大写字母或数字，以字母开头，例如 TYJ。以后不能修改。</p>
          <input class="in" id="key" required maxlength="16" aria-describedby="key-hint" autocomplete="off" value=${values.key} onInput=${fill('key')} />
        </div>
      `
      }
      <div class="field">
        <label for="name">全称</label>
        <input class="in" id="name" required minlength="2" maxlength="80" value=${values.name} onInput=${fill('name')} />
      </div>
      <div class="field">
        <label for="short">简称</label>
        <input class="in" id="short" required minlength="2" maxlength="40" value=${values.short_name} onInput=${fill('short_name')} />
      </div>
      <div class="field">
        <label for="code">统一社会信用代码</label>
        <input class="in" id="code" required maxlength="24" autocomplete="off" value=${values.credit_code} onInput=${fill('credit_code')} />
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div class="bar">
        <button class="btn" disabled=${act.busy}>保存</button>
        <button type="button" class="btn plain" onClick=${leave}>取消</button>
        ${
          !isNew &&
          !one.closed_on &&
          (closing
            ? html`<button type="button" class="btn danger" disabled=${act.busy} onClick=${close}>确认撤销这个部门</button>`
            : html`<button type="button" class="btn plain" onClick=${() => setClosing(true)}>撤销部门…</button>`)
        }
      </div>
    </form>
  `;
}
