// What the pages of the accounts desk share: their tabs, names of roles, a secret that is shown once.

import { html, useState } from '../vendor/preact-htm.js';
import { day } from '../kit/i18n.js';
import { get } from '../kit/api.js';
import { Failure, H1, useAct, useData } from '../kit/ui.js';

export const ROLES = {
  window: '综合窗口',
  reviewer: '审查人',
  supervisor: '督办',
  seal_keeper: '印章管理员',
  registrar: '登记员',
  head: '负责人',
  account_keeper: '账号管理员',
};

const TABS = [
  ['accounts', '部门与人员'],
  ['power', '待批准的授权'],
  ['systems', '设备与接入系统'],
  ['changes', '变更记录'],
];

/** The heading of a page of the desk, and the way to the others. */
export function DeskTop({ at, text }) {
  return html`
    <nav class="filters" aria-label="账号管理">
      ${TABS.map(
        ([place, name]) => html`
          <a key=${place} class="btn sec sm" href=${`#/${place}`} aria-current=${place === at ? 'page' : undefined}>${name}</a>
        `,
      )}
    </nav>
    <${H1} text=${text ?? TABS.find(([place]) => place === at)[1]} />
  `;
}

/** Departments by key; the list is short and read with each page. */
export function useDepartments() {
  const found = useData(() => get('/api/staff/departments/'));
  const rows = found.data?.departments ?? [];
  const names = Object.fromEntries(rows.map((row) => [row.key, row.short_name]));
  return { ...found, rows, nameOf: (key) => (key === null ? '全部部门' : (names[key] ?? key)) };
}

export function roleNames(roles) {
  return roles.length ? roles.map((role) => ROLES[role] ?? role).join('、') : '无岗位';
}

export function term(from, to) {
  if (!from && !to) {
    return '长期';
  }
  return `${from ? day(from) : '即日'} 至 ${to ? day(to) : '长期'}`;
}

/** A password, code or key that nobody can read again: it stays until somebody says that it is kept. */
export function ShownOnce({ title, hint, lines, close }) {
  return html`
    <section class="card" role="alert" aria-label=${title}>
      <h2>${title}只显示这一次</h2>
      <p>${hint}</p>
      ${lines.map(([label, text]) => html`<p key=${label}>${label}：<b class="mono">${text}</b></p>`)}
      <p><button class="btn" onClick=${close}>已经交付，不再显示</button></p>
    </section>
  `;
}

export function StartPassword({ who, password, close }) {
  return html`
    <${ShownOnce}
      title="初始密码"
      hint=${`请当面交给${who}本人。七天内有效，首次登录须改成自己的密码。`}
      lines=${[['初始密码', password]]}
      close=${close}
    />
  `;
}

/** A button that opens a question for the cause, and does its act only after the answer. */
export function WithCause({ id, name, question, danger = false, run, done }) {
  const [open, setOpen] = useState(false);
  const [cause, setCause] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const result = await act.run(() => run(cause));
    if (result !== undefined) {
      setOpen(false);
      setCause('');
      done(result);
    }
  }

  if (!open) {
    return html`<button class=${danger ? 'btn danger sm' : 'btn sec sm'} onClick=${() => setOpen(true)}>${name}…</button>`;
  }
  return html`
    <form class="card form whole" onSubmit=${submit} aria-label=${name}>
      <p>${question}</p>
      <div class="field">
        <label for=${id}>原因</label>
        <input class="in" id=${id} required minlength="2" maxlength="200" value=${cause} onInput=${(event) => setCause(event.target.value)} />
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div class="bar">
        <button class=${danger ? 'btn danger' : 'btn'} disabled=${act.busy}>确认${name}</button>
        <button type="button" class="btn plain" onClick=${() => setOpen(false)}>取消</button>
      </div>
    </form>
  `;
}

/** Roles, department and time: what two keepers give. */
export function PowerFields({ id, values, change, departments }) {
  const put = (field) => (event) => change((before) => ({ ...before, [field]: event.target.value }));

  function toggle(role) {
    change((before) => {
      const has = before.roles.includes(role);
      return { ...before, roles: has ? before.roles.filter((one) => one !== role) : [...before.roles, role] };
    });
  }

  return html`
    <fieldset class="field">
      <legend>岗位（可多选）</legend>
      ${Object.entries(ROLES).map(
        ([role, name]) => html`
          <label class="choice" key=${role}>
            <input type="checkbox" checked=${values.roles.includes(role)} onChange=${() => toggle(role)} />
            ${name}
          </label>
        `,
      )}
    </fieldset>
    <div class="field">
      <label for=${`${id}-department`}>部门</label>
      <select class="in" id=${`${id}-department`} value=${values.department} onChange=${put('department')}>
        <option value="">全部部门（仅督办、账号管理员）</option>
        ${departments.rows
          .filter((row) => !row.closed_on || row.key === values.department)
          .map((row) => html`<option key=${row.key} value=${row.key}>${row.short_name}</option>`)}
      </select>
    </div>
    <div class="cols">
      <div class="field">
        <label for=${`${id}-from`}>任期开始（不填为即日）</label>
        <input class="in" id=${`${id}-from`} type="date" value=${values.valid_from} onInput=${put('valid_from')} />
      </div>
      <div class="field">
        <label for=${`${id}-to`}>任期截止（不填为长期）</label>
        <input class="in" id=${`${id}-to`} type="date" value=${values.valid_to} onInput=${put('valid_to')} />
      </div>
    </div>
    <div class="field">
      <label for=${`${id}-cause`}>原因</label>
      <input class="in" id=${`${id}-cause`} required minlength="2" maxlength="200" value=${values.cause} onInput=${put('cause')} />
    </div>
  `;
}

/** What is sent of the fields above. */
export function powerOf(values) {
  return {
    roles: values.roles,
    department: values.department || null,
    valid_from: values.valid_from || null,
    valid_to: values.valid_to || null,
    cause: values.cause.trim(),
  };
}
