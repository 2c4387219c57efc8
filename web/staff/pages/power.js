// Proposals of power: what another keeper asks for, side by side with what the officer has.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment } from '../../kit/i18n.js';
import { newKey, post } from '../../kit/api.js';
import { More, useKept, useList } from '../../kit/list.js';
import { Facts, Failure, Loading, Tag, useAct } from '../../kit/ui.js';
import { DeskTop, StartPassword, WithCause, roleNames, term, useDepartments } from '../desk.js';

const STATES = {
  open: ['info', '等待批准'],
  approved: ['ok', '✓ 已批准'],
  refused: ['bad', '✕ 未批准'],
  withdrawn: ['idle', '○ 已撤回'],
  lapsed: ['idle', '○ 已过期'],
};
const KINDS = { account: '新增人员', power: '变更岗位', reset: '重置账号管理员密码' };

export default function Power() {
  const [{ open }, setFilter] = useKept('power', { open: true });
  const [handed, setHanded] = useState(null);
  const list = useList('/api/staff/power-proposals', { query: { open: open || null }, name: 'proposals' });
  const departments = useDepartments();

  function given(one) {
    return (outcome) => {
      setHanded({ name: one.name, password: outcome.start_password });
      list.reload();
      scrollTo(0, 0);
    };
  }

  return html`
    <${DeskTop} at="power" />
    <p class="muted">授权须两人办理：申请人和被授权人都不能批准。七天内未批准的申请自动过期。</p>
    <div role="status">${handed && html`<p class="note ok">已批准${handed.name}的申请，立即生效。</p>`}</div>
    ${handed?.password && html`<${StartPassword} who=${handed.name} password=${handed.password} close=${() => setHanded(null)} />`}
    <div class="filters" role="group" aria-label="按状态查看">
      <button class="btn sec sm" aria-pressed=${String(open)} onClick=${() => setFilter({ open: true })}>待批准</button>
      <button class="btn sec sm" aria-pressed=${String(!open)} onClick=${() => setFilter({ open: false })}>全部</button>
    </div>
    ${list.error && !list.items && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    ${!list.items && !list.error && html`<${Loading} />`}
    ${list.items?.length === 0 && html`<section class="card"><p role="status">${open ? '没有等待批准的申请。' : '还没有申请。'}</p></section>`}
    ${list.items?.map((one) => html`<${Proposal} key=${one.id} one=${one} departments=${departments} given=${given(one)} reload=${list.reload} />`)}
    <${More} list=${list} />
  `;
}

function Proposal({ one, departments, given, reload }) {
  const [tone, words] = STATES[one.state];
  const said = (power) =>
    `${roleNames(power.roles)}；${departments.nameOf(power.department)}；${term(power.valid_from, power.valid_to)}`;
  const had = one.before.roles.length ? said(one.before) : '无';
  return html`
    <section class="card" aria-labelledby=${`p-${one.id}`}>
      <h2 id=${`p-${one.id}`}>${one.name} <span class="mono">${one.staff_no}</span></h2>
      <p><${Tag} tone=${tone}>${words}</${Tag}> ${KINDS[one.kind]}</p>
      <${Facts}
        items=${[
          ['现有', had],
          ['申请', said(one.after)],
          ['原因', one.cause],
          ['申请人', `${one.proposed_name}，${moment(one.proposed_at)}`],
          ['过期时间', one.state === 'open' && moment(one.lapses_at)],
          ['办理', one.decided_at && `${one.decided_name}，${moment(one.decided_at)}`],
          ['答复', one.answer],
        ]}
      />
      ${one.state === 'open' && html`<${Decide} one=${one} given=${given} reload=${reload} />`}
    </section>
  `;
}

function Decide({ one, given, reload }) {
  const [key] = useState(newKey);
  const act = useAct();
  const path = `/api/staff/power-proposals/${one.id}`;
  const name = one.mine ? '撤回' : '不批准';

  async function approve() {
    const outcome = await act.run(() => post(`${path}/approval`, {}, { key }));
    if (outcome) {
      given(outcome);
    }
  }

  return html`
    ${act.error && html`<${Failure} error=${act.error} retry=${reload} />`}
    ${!one.may_approve && html`<p class="muted">须由另一名账号管理员批准。</p>`}
    <div class="bar">
      ${one.may_approve && html`<button class="btn" disabled=${act.busy} onClick=${approve}>批准</button>`}
      <${WithCause}
        id=${`refuse-${one.id}`}
        name=${name}
        question=${one.mine ? '撤回后，这项申请不再生效，可以重新申请。' : '申请人会在列表中看到原因。'}
        run=${(cause) => post(`${path}/refusal`, { cause })}
        done=${reload}
      />
    </div>
  `;
}
