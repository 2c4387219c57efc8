// The seal keeper's desk: e-seals of the department, and the proposals that take two officers.

import { html, useState } from '../../vendor/preact-htm.js';
import { day, moment } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Facts, Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { me } from '../state.js';

const TONES = { active: 'ok', frozen: 'warn', replaced: 'idle', destroyed: 'bad' };
const SIGNS = { active: '✓', frozen: '!', replaced: '○', destroyed: '✕' };
const ACTS = {
  active: [
    ['freezing', '冻结'],
    ['renewal', '申请换发'],
  ],
  frozen: [
    ['unfreezing', '解冻'],
    ['renewal', '申请换发'],
    ['destruction', '销毁'],
  ],
  replaced: [['destruction', '销毁']],
  destroyed: [],
};
const STATES = { open: ['info', '等待审批'], approved: ['ok', '✓ 已批准'], refused: ['bad', '✕ 未批准'] };

export default function Seals() {
  const seals = useData(() => get('/api/staff/seals'));
  const proposals = useList('/api/staff/seal-proposals', { name: 'proposals' });

  function reload() {
    seals.reload();
    proposals.reload();
  }

  return html`
    <p><a class="btn sec sm" href="#/licences">‹ 证照管理</a></p>
    <${H1} text="印章管理" />
    <section class="card" aria-labelledby="seals">
      <h2 id="seals">电子印章</h2>
      <${Waiting} found=${seals} />
      ${seals.data?.seals.length === 0 && html`<p>本部门还没有电子印章。</p>`}
      ${seals.data?.seals.map((one) => html`<${Seal} key=${one.id} one=${one} done=${reload} />`)}
    </section>
    <section class="card" aria-labelledby="proposals">
      <h2 id="proposals">制章申请</h2>
      <p class="muted">制章、换发须两人办理：一人申请，另一人审批。停用印章的人不能销毁它。</p>
      ${!proposals.items && html`<${Waiting} found=${proposals} />`}
      ${proposals.items?.map((one) => html`<${Proposal} key=${one.id} one=${one} done=${reload} />`)}
      ${proposals.items?.length === 0 && html`<p>没有制章申请。</p>`}
      <${More} list=${proposals} />
      ${me.value.department && html`<${Propose} done=${reload} />`}
    </section>
  `;
}

function Waiting({ found }) {
  if (found.error) {
    return html`<${Failure} error=${found.error} retry=${found.reload} />`;
  }
  return found.data ? null : html`<${Loading} />`;
}

function Seal({ one, done }) {
  return html`
    <article class="card">
      <h3>${one.name}</h3>
      <p><${Tag} tone=${TONES[one.state]}>${SIGNS[one.state]} ${one.state_text}</${Tag}></p>
      <${Facts}
        items=${[['启用', moment(one.valid_from)], ['有效期至', day(one.valid_until)], ['已用印', `${one.uses} 次`]]}
      />
      ${ACTS[one.state].length > 0 && html`<${Change} key=${one.state} seal=${one} done=${done} />`}
    </article>
  `;
}

function Change({ seal, done }) {
  const acts = ACTS[seal.state];
  const [act, setAct] = useState(acts[0][0]);
  const [cause, setCause] = useState('');
  const [until, setUntil] = useState('');
  const doing = useAct();
  const id = (name) => `${name}-${seal.id}`;

  async function submit(event) {
    event.preventDefault();
    const body = act === 'renewal' ? { cause, valid_to: until } : { cause };
    if (await doing.run(() => post(`/api/staff/seals/${seal.id}/${act}`, body))) {
      setCause('');
      done();
    }
  }

  return html`
    <form class="form" onSubmit=${submit}>
      <div class="field">
        <label for=${id('act')}>操作</label>
        <select class="in" id=${id('act')} value=${act} onChange=${(event) => setAct(event.target.value)}>
          ${acts.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
        </select>
      </div>
      ${act === 'renewal' && html`<${Until} id=${id('until')} value=${until} change=${setUntil} />`}
      <div class="field">
        <label for=${id('cause')}>原因</label>
        <input class="in" id=${id('cause')} required maxlength="200" value=${cause} onInput=${(event) => setCause(event.target.value)} />
      </div>
      ${doing.error && html`<${Failure} error=${doing.error} />`}
      <button class=${act === 'destruction' ? 'btn danger' : 'btn sec'} disabled=${doing.busy}>确认${acts.find(([value]) => value === act)[1]}</button>
    </form>
  `;
}

function Until({ id, value, change }) {
  return html`
    <div class="field">
      <label for=${id}>新印章有效期至</label>
      <input class="in" id=${id} type="date" required value=${value} onInput=${(event) => change(event.target.value)} />
    </div>
  `;
}

function Proposal({ one, done }) {
  const [cause, setCause] = useState('');
  const act = useAct();
  const [tone, text] = STATES[one.state];
  const path = `/api/staff/seal-proposals/${one.id}`;
  const id = `refuse-${one.id}`;

  async function decide(send) {
    if (await act.run(send)) {
      done();
    }
  }

  function refuse(event) {
    event.preventDefault();
    decide(() => post(`${path}/refusal`, { cause }));
  }

  return html`
    <article class="card">
      <h3>${one.name}</h3>
      <p><${Tag} tone=${tone}>${text}</${Tag}> ${one.replaces_id ? '换发' : '新制'}</p>
      <${Facts}
        items=${[
          ['申请', `${one.proposed_name}，${moment(one.proposed_at)}`],
          ['原因', one.cause],
          ['有效期至', day(one.valid_to)],
          ['审批', one.decided_at && `${one.decided_name}，${moment(one.decided_at)}`],
        ]}
      />
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${
        one.state === 'open' &&
        html`
        ${
          one.may_approve
            ? html`<button class="btn" disabled=${act.busy} onClick=${() => decide(() => post(`${path}/approval`))}>批准制章</button>`
            : html`<p class="muted">须由另一名工作人员审批。</p>`
        }
        <form class="form" onSubmit=${refuse}>
          <div class="field">
            <label for=${id}>不批准（或撤回）的原因</label>
            <input class="in" id=${id} required maxlength="200" value=${cause} onInput=${(event) => setCause(event.target.value)} />
          </div>
          <button class="btn sec" disabled=${act.busy}>${one.may_approve ? '不批准' : '撤回申请'}</button>
        </form>
      `
      }
    </article>
  `;
}

function Propose({ done }) {
  const { key, name } = me.value.department;
  const empty = { name, valid_to: '', cause: '' };
  const [values, setValues] = useState(empty);
  const act = useAct();
  const put = (field) => (event) => setValues((before) => ({ ...before, [field]: event.target.value }));

  async function submit(event) {
    event.preventDefault();
    if (await act.run(() => post('/api/staff/seal-proposals', { department: key, ...values }))) {
      setValues(empty);
      done();
    }
  }

  return html`
    <form class="form" onSubmit=${submit} aria-labelledby="propose">
      <h3 id="propose">申请制章</h3>
      <div class="field">
        <label for="seal-name">印章名称（须以部门全称开头）</label>
        <input class="in" id="seal-name" required maxlength="40" value=${values.name} onInput=${put('name')} />
      </div>
      <div class="field">
        <label for="seal-until">有效期至（不超过五年）</label>
        <input class="in" id="seal-until" type="date" required value=${values.valid_to} onInput=${put('valid_to')} />
      </div>
      <div class="field">
        <label for="seal-cause">制章原因</label>
        <input class="in" id="seal-cause" required maxlength="200" value=${values.cause} onInput=${put('cause')} />
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy}>提交制章申请</button>
    </form>
  `;
}
