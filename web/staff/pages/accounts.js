// The accounts desk: officers of all departments, and a new one, whom a second keeper approves.

import { html, useRef, useState } from '../../vendor/preact-htm.js';
import { newKey, post } from '../../kit/api.js';
import { More, useKept, useList } from '../../kit/list.js';
import { Failure, Loading, Tag, useAct } from '../../kit/ui.js';
import { DeskTop, PowerFields, powerOf, roleNames, term, useDepartments } from '../desk.js';
import { Table } from '../table.js';

export const STANDING = {
  working: ['ok', '✓ 在岗'],
  waiting: ['info', '○ 待授权'],
  start: ['info', '○ 待首次登录'],
  locked: ['warn', '! 已锁定'],
  not_yet: ['idle', '○ 未到任期'],
  over: ['idle', '○ 任期已满'],
  dismissed: ['bad', '✕ 已停用'],
};

const TYPING_PAUSE_MS = 300;
const NOBODY = {
  staff_no: '',
  name: '',
  title: '',
  roles: [],
  department: '',
  valid_from: '',
  valid_to: '',
  cause: '',
};

export default function Accounts() {
  const departments = useDepartments();
  const [{ department, q }, setFilter] = useKept('accounts', { department: '', q: '' });
  const [words, setWords] = useState(q);
  const [adding, setAdding] = useState(false);
  const [asked, setAsked] = useState('');
  const timer = useRef(null);
  const list = useList('/api/staff/officers', { query: { department, q }, name: 'officers' });

  function type(text) {
    setWords(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setFilter({ q: text.trim() }), TYPING_PAUSE_MS);
  }

  function done(name) {
    setAdding(false);
    setAsked(name);
    list.reload();
  }

  return html`
    <${DeskTop} at="accounts" />
    <div class="bar">
      <button class="btn" aria-expanded=${String(adding)} onClick=${() => setAdding(!adding)}>新增人员</button>
      <a class="btn sec" href="#/departments">部门管理</a>
      <a class="btn sec" href="#/recoveries">恢复登录</a>
    </div>
    <div role="status">
      ${asked && html`<p class="note ok">已为${asked}提交申请。须由另一名账号管理员在“待批准的授权”中批准。</p>`}
    </div>
    ${adding && html`<${NewOfficer} departments=${departments} done=${done} />`}
    <div class="cols">
      <div class="field">
        <label for="q">查找</label>
        <input class="in" id="q" type="search" placeholder="姓名，或工号开头" value=${words} onInput=${(event) => type(event.target.value)} />
      </div>
      <div class="field">
        <label for="department">部门</label>
        <select class="in" id="department" value=${department} onChange=${(event) => setFilter({ department: event.target.value })}>
          <option value="">不限</option>
          ${departments.rows.map((row) => html`<option key=${row.key} value=${row.key}>${row.short_name}</option>`)}
        </select>
      </div>
    </div>
    ${list.error && !list.items && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    ${!list.items && !list.error && html`<${Loading} />`}
    ${list.items && html`<${Officers} list=${list} departments=${departments} />`}
  `;
}

function Officers({ list, departments }) {
  if (list.items.length === 0) {
    return html`<section class="card"><p role="status">没有符合条件的人员。</p></section>`;
  }
  return html`
    <section class="card">
      <${Table} label="人员" head=${['姓名', '工号', '部门', '岗位', '任期', '状态']}>
        ${list.items.map((one) => html`<${Line} key=${one.id} one=${one} departments=${departments} />`)}
      </${Table}>
      <${More} list=${list} />
    </section>
  `;
}

function Line({ one, departments }) {
  const [tone, words] = STANDING[one.standing];
  return html`
    <tr>
      <td class="nowrap"><a href=${`#/officer/${one.id}`}>${one.name}</a>${one.title && html`<br /><span class="muted">${one.title}</span>`}</td>
      <td class="mono nowrap">${one.staff_no}</td>
      <td class="nowrap">${one.standing === 'waiting' ? '—' : departments.nameOf(one.department)}</td>
      <td class="nowrap">${roleNames(one.roles)}</td>
      <td class="nowrap">${term(one.valid_from, one.valid_to)}</td>
      <td class="nowrap">
        <${Tag} tone=${tone}>${words}</${Tag}>
        ${one.away_until && html` <${Tag} tone="idle">休假</${Tag}>`}
        ${one.open_proposal && html` <${Tag} tone="warn">待批准</${Tag}>`}
      </td>
    </tr>
  `;
}

function NewOfficer({ departments, done }) {
  const [values, setValues] = useState(NOBODY);
  const [key] = useState(newKey);
  const act = useAct();
  const put = (field) => (event) => setValues((before) => ({ ...before, [field]: event.target.value }));

  async function submit(event) {
    event.preventDefault();
    const person = { staff_no: values.staff_no.trim(), name: values.name.trim(), title: values.title.trim() };
    if (await act.run(() => post('/api/staff/officers', { ...person, ...powerOf(values) }, { key }))) {
      done(person.name);
    }
  }

  return html`
    <form class="card form" onSubmit=${submit} aria-labelledby="new-officer">
      <h2 id="new-officer">新增人员</h2>
      <p class="muted">提交后由另一名账号管理员批准；批准时显示初始密码，由批准人当面交给本人。</p>
      <div class="cols">
        <div class="field">
          <label for="new-number">工号</label>
          <input class="in" id="new-number" required maxlength="32" autocomplete="off" placeholder="例如 SCJG-07" value=${values.staff_no} onInput=${put('staff_no')} />
        </div>
        <div class="field">
          <label for="new-name">姓名</label>
          <input class="in" id="new-name" required maxlength="40" autocomplete="off" value=${values.name} onInput=${put('name')} />
        </div>
      </div>
      <div class="field">
        <label for="new-title">职务（选填）</label>
        <input class="in" id="new-title" maxlength="40" value=${values.title} onInput=${put('title')} />
      </div>
      <${PowerFields} id="new" values=${values} change=${setValues} departments=${departments} />
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy || values.roles.length === 0}>提交申请</button>
    </form>
  `;
}
