// The register of delegations: what one department lets another do, proposed, countersigned, revoked.

import { html, useState } from '../../vendor/preact-htm.js';
import { get, newKey, post } from '../../kit/api.js';
import { hex } from '../../kit/bytes.js';
import { day } from '../../kit/i18n.js';
import { More, useList } from '../../kit/list.js';
import { Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';

const GROUNDS = {
  xk24: '行政许可法第二十四条（委托其他行政机关实施）',
  xk26: '行政许可法第二十六条（统一受理、统一送达）',
  other: '非许可事项（以公布的文件为据）',
};

const POWERS = {
  take_in: '收件',
  accept: '受理',
  request_supplement: '告知补正',
  decide: '作出决定',
  deliver: '送达',
  assist: '咨询帮办',
};

const STATES = {
  proposed: ['待会签', 'warn'],
  in_force: ['已公布', 'ok'],
  refused: ['已退回', 'bad'],
  revoked: ['已收回', 'bad'],
};

const today = () => new Date().toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' });

export default function Delegations() {
  const found = useList('/api/staff/delegations');
  const choices = useData(() => get('/api/staff/delegations/choices'));
  return html`
    <p><a class="btn sec sm" href="#/">‹ 返回列表</a></p>
    <${H1} text="授权委托" />
    <p class="muted">受委托的部门以委托部门的名义办理，不得再委托。委托经会签后公布，收回后立即失效。</p>
    ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${found.items?.length === 0 && html`<section class="card"><p role="status">没有委托。</p></section>`}
    ${found.items?.map((one) => html`<${Delegation} key=${one.id} one=${one} changed=${found.reload} />`)}
    ${found.items && html`<${More} list=${found} />`}
    ${choices.data?.may_propose && html`<${Proposal} choices=${choices.data} made=${found.reload} />`}
  `;
}

function Delegation({ one, changed }) {
  const [reason, setReason] = useState('');
  const [asking, setAsking] = useState('');
  const act = useAct();
  const [label, tone] = STATES[one.state];

  async function send(path, body) {
    const done = await act.run(() => post(`/api/staff/delegations/${one.id}/${path}`, body));
    if (done) {
      setAsking('');
      setReason('');
      changed();
    }
  }

  function submit(event) {
    event.preventDefault();
    send(asking, { reason: reason.trim() });
  }

  return html`
    <section class="card" aria-label=${one.no}>
      <h2>${one.no} <${Tag} tone=${tone}>${label}</${Tag}></h2>
      <p>${one.delegator} 委托 ${one.delegate}</p>
      <p>权限：${one.powers.map((power) => POWERS[power]).join('、')}</p>
      <p class="mono">${one.items.join('、')}</p>
      <p class="muted">
        ${day(one.since)} 至 ${day(one.until)} · ${one.document_no} · ${GROUNDS[one.ground]}
        ${one.reason && ` · 理由：${one.reason}`}
      </p>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div class="bar">
        ${one.may.includes('countersign') && html`<button class="btn" disabled=${act.busy} onClick=${() => send('countersignature')}>会签并公布</button>`}
        ${one.may.includes('refuse') && html`<button class="btn sec" onClick=${() => setAsking('refusal')}>退回</button>`}
        ${one.may.includes('revoke') && html`<button class="btn danger" onClick=${() => setAsking('revocation')}>收回委托</button>`}
      </div>
      ${
        asking &&
        html`
        <form class="form" onSubmit=${submit}>
          <div class="field">
            <label for=${`why-${one.id}`}>理由</label>
            <input class="in" id=${`why-${one.id}`} required maxlength="300" value=${reason} onInput=${(event) => setReason(event.target.value)} />
          </div>
          <button class="btn" disabled=${act.busy}>${asking === 'refusal' ? '确定退回' : '确定收回'}</button>
        </form>
      `
      }
    </section>
  `;
}

const EMPTY = { ground: 'xk26', delegate: '', since: '', until: '', document_no: '' };

function Proposal({ choices, made }) {
  const [values, setValues] = useState({ ...EMPTY, since: today() });
  const [items, setItems] = useState(/** @type {string[]} */ ([]));
  const [powers, setPowers] = useState(/** @type {string[]} */ ([]));
  const [digest, setDigest] = useState('');
  const [done, setDone] = useState('');
  const act = useAct();
  const field = (name) => ({
    id: `d-${name}`,
    value: values[name],
    onInput: (event) => setValues((before) => ({ ...before, [name]: event.target.value })),
  });
  const toggle = (list, set, value) =>
    set(list.includes(value) ? list.filter((one) => one !== value) : [...list, value]);

  async function choose(event) {
    const [file] = event.target.files;
    setDigest(file ? hex(new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))) : '');
  }

  async function submit(event) {
    event.preventDefault();
    const { delegate, ...rest } = values;
    const body = { ...rest, delegate_kind: 'department', delegate_key: delegate, items, powers, document: digest };
    const answer = await act.run(() => post('/api/staff/delegations', body, { key: newKey() }));
    if (answer) {
      setDone(`已提出 ${answer.no}，等待会签。`);
      setValues({ ...EMPTY, since: today() });
      setItems([]);
      setPowers([]);
      made();
    }
  }

  return html`
    <form class="card form" onSubmit=${submit} aria-labelledby="propose">
      <h2 id="propose">提出委托</h2>
      <div class="field">
        <label for="d-ground">依据</label>
        <select class="in" ...${field('ground')}>${Object.entries(GROUNDS).map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`)}</select>
      </div>
      <div class="field">
        <label for="d-delegate">受委托部门</label>
        <select class="in" required ...${field('delegate')}>
          <option value="">请选择</option>
          ${choices.departments.map(({ key, name }) => html`<option key=${key} value=${key}>${name}</option>`)}
        </select>
      </div>
      <fieldset class="field">
        <legend>委托的事项</legend>
        ${choices.items.map(
          ({ key, name }) => html`
          <label class="choice" key=${key}>
            <input type="checkbox" checked=${items.includes(key)} onChange=${() => toggle(items, setItems, key)} /> ${name}
          </label>
        `,
        )}
      </fieldset>
      <fieldset class="field">
        <legend>委托的权限</legend>
        ${Object.entries(POWERS).map(
          ([key, text]) => html`
          <label class="choice" key=${key}>
            <input type="checkbox" checked=${powers.includes(key)} onChange=${() => toggle(powers, setPowers, key)} /> ${text}
          </label>
        `,
        )}
      </fieldset>
      <div class="field"><label for="d-since">起始日期</label><input class="in" type="date" required ...${field('since')} /></div>
      <div class="field"><label for="d-until">截止日期</label><input class="in" type="date" required ...${field('until')} /></div>
      <div class="field"><label for="d-document_no">委托书文号</label><input class="in" required maxlength="80" ...${field('document_no')} /></div>
      <div class="field">
        <label for="d-file">委托书文件（只留存摘要，不上传）</label>
        <input class="in" id="d-file" type="file" required onChange=${choose} />
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <p role="status">${done}</p>
      <button class="btn block" disabled=${act.busy}>提出委托</button>
    </form>
  `;
}
