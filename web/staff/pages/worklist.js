// The worklist: what to do now, by state, with a light for the time that is left. Moves by itself.

import { html, useRef, useState } from '../../vendor/preact-htm.js';
import { day, moment } from '../../kit/i18n.js';
import { More, useKept, useList } from '../../kit/list.js';
import { Failure, H1, Loading, Tag } from '../../kit/ui.js';
import { me, useLive } from '../state.js';

const TYPING_PAUSE_MS = 300;

const FILTERS = [
  ['submitted', '待受理'],
  ['accepted', '审查中'],
  ['supplement_requested', '待补正'],
  ['approved', '制证中'],
  ['closed', '已办结'],
  ['', '全部'],
];

const LIGHTS = {
  green: '● 时间充足',
  yellow: '▲ 快到期',
  red: '■ 已超期',
  grey: '○ 不计时',
};

const TONES = {
  submitted: 'info',
  accepted: 'info',
  supplement_requested: 'warn',
  approved: 'ok',
  closed: 'ok',
  refused: 'bad',
  acceptance_declined: 'bad',
  lapsed: 'bad',
};

export default function Worklist() {
  const [{ state, unread, asked }, setFilter] = useKept('worklist', { state: 'submitted', unread: false, asked: '' });
  const [words, setWords] = useState(asked);
  const timer = useRef(null);
  const found = useList('/api/staff/cases', { query: unread ? { unread } : { state, q: asked } });
  useLive(found.reload);

  function type(text) {
    setWords(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setFilter({ asked: text.trim() }), TYPING_PAUSE_MS);
  }

  function choose(key) {
    setFilter({ state: key, unread: false });
  }

  const counts = found.answer?.counts ?? {};
  const supervisor = me.value.roles.includes('supervisor');
  const keeper = supervisor || me.value.roles.includes('seal_keeper');
  return html`
    <div class="bar">
      <div class="grow"><${H1} text="待办件" /></div>
      ${supervisor && html`<a class="btn sec sm" href="#/overview">督办总览</a>`}
      ${supervisor && html`<a class="btn sec sm" href="#/recoveries">恢复登录</a>`}
      ${keeper && html`<a class="btn sec sm" href="#/licences">证照管理</a>`}
      ${!keeper && me.value.roles.includes('reviewer') && html`<a class="btn sec sm" href="#/licences">归集复核</a>`}
      ${me.value.roles.includes('registrar') && html`<a class="btn sec sm" href="#/guardianships">监护登记</a>`}
      <a class="btn sec sm" href="#/delegations">授权委托</a>
    </div>
    ${found.answer?.delegated.map(
      ({ no, delegator, items, until }) => html`
        <p key=${no} class="muted">受${delegator}委托办理 ${items.join('、')}（${no}，至 ${day(until)}）</p>
      `,
    )}
    <div class="filters" role="group" aria-label="按状态查看">
      ${FILTERS.map(
        ([key, label]) => html`
          <button
            class="btn sec sm"
            key=${key}
            aria-pressed=${String(!unread && state === key)}
            onClick=${() => choose(key)}
          >
            ${label}${counts[key] !== undefined && ` ${counts[key]}`}
          </button>
        `,
      )}
      <button class="btn sec sm" aria-pressed=${String(unread)} onClick=${() => setFilter({ unread: true })}>
        有新留言${found.answer && ` ${found.answer.unread}`}
      </button>
    </div>
    <div class="field">
      <label for="q">查找</label>
      <input
        class="in"
        id="q"
        type="search"
        placeholder="受理号或事项名称"
        value=${words}
        onInput=${(event) => type(event.target.value)}
      />
    </div>
    ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${found.items && html`<${Table} list=${found} />`}
  `;
}

function Table({ list }) {
  const { items } = list;
  if (items.length === 0) {
    return html`<section class="card"><p role="status">没有符合条件的办件。</p></section>`;
  }
  return html`
    <section class="card">
      <p role="status" class="muted">${list.hasMore ? `已显示 ${items.length} 件` : `共 ${items.length} 件`}</p>
      <div class="tablebox" tabindex="0" role="region" aria-label="办件列表">
        <table class="tb">
          <thead>
            <tr>
              <th scope="col">事项</th>
              <th scope="col">申请人</th>
              <th scope="col">提交时间</th>
              <th scope="col">办结期限</th>
              <th scope="col">时限</th>
              <th scope="col">状态</th>
            </tr>
          </thead>
          <tbody>
            ${items.map(
              (one) => html`
                <tr key=${one.id}>
                  <td>
                    <a href=${`#/case/${one.id}`}>${one.item_name}</a>
                    <br />
                    <span class="muted mono">${one.short_no}</span>
                    ${one.unread > 0 && html` <${Tag} tone="warn">${one.unread} 条新留言</${Tag}>`}
                  </td>
                  <td>${one.applicant_masked}</td>
                  <td>${moment(one.submitted_at)}</td>
                  <td>${one.due_on ? day(one.due_on) : '—'}</td>
                  <td><span class=${`light ${one.light}`}>${LIGHTS[one.light]}</span></td>
                  <td><${Tag} tone=${TONES[one.state] ?? 'idle'}>${one.state_text}</${Tag}></td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
      <${More} list=${list} quiet />
    </section>
  `;
}
