// Operator: parked events, deliveries by channel and state, providers. Every decision asks for a reason.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment, upTo } from '../../kit/i18n.js';
import { get, post, withQuery } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Facts, Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { Table } from '../table.js';
import { me } from '../state.js';

const PATH = '/api/staff/messaging';
/** @type {[number, string][]} */
const PERIODS = [
  [1, '最近 1 小时'],
  [24, '最近 24 小时'],
  [24 * 7, '最近 7 天'],
];
const CHANNELS = {
  live: '实时页面',
  inbox: '站内消息',
  subscription: '小程序消息',
  sms: '短信',
  email: '邮件',
};
const STATES = [
  ['failed', '已放弃'],
  ['pending', '等待发送'],
  ['skipped', '未使用'],
  ['sent', '已发送'],
];
const MOST_COUNTED = 10_000; // as the server does
const atMost = (number) => upTo(number, MOST_COUNTED);
const seconds = (value) => (value === null ? '—' : `${value.toFixed(1)} 秒`);

export default function Delivery() {
  const [hours, setHours] = useState(24);
  const found = useData(() => get(withQuery(PATH, { hours })), [hours]);
  return html`
    <p>
      <a class="btn sec sm" href="#/overview">‹ 督办总览</a>
      <a class="btn sec sm" href="#/webhooks">系统通知地址</a>
    </p>
    <${H1} text="消息投递" />
    <div class="filters" role="group" aria-label="统计时间">
      ${PERIODS.map(
        ([value, label]) => html`
          <button class="btn sec sm" key=${value} aria-pressed=${String(hours === value)} onClick=${() => setHours(value)}>${label}</button>
        `,
      )}
      <button class="btn sec sm" onClick=${found.reload}>刷新</button>
    </div>
    ${found.error && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.data && !found.error && html`<${Loading} />`}
    ${
      found.data &&
      html`
      <${Parked} events=${found.data.parked} changed=${found.reload} />
      <${Channels} channels=${found.data.channels} />
      <${Providers} data=${found.data} />
    `
    }
    <${Deliveries} />
  `;
}

function Parked({ events, changed }) {
  const decides = me.value.department === null;
  return html`
    <section class="card" aria-labelledby="parked">
      <h2 id="parked">停放的事件</h2>
      <p class="muted">
        处理八次仍未成功的事件停在这里，同一办件后面的事件都在等它。先排除原因，再重新处理；确实不再需要的才放弃。
      </p>
      ${events.length === 0 && html`<p><${Tag} tone="ok">✓ 没有停放的事件</${Tag}></p>`}
      ${events.length > 0 && !decides && html`<p class="note">由负责全部部门的督办人员处理。</p>`}
      ${events.map((one) => html`<${ParkedEvent} key=${one.event_id} one=${one} decides=${decides} changed=${changed} />`)}
    </section>
  `;
}

function ParkedEvent({ one, decides, changed }) {
  const [reason, setReason] = useState('');
  const [sure, setSure] = useState(false);
  const act = useAct();
  const id = `why-${one.event_id}`;

  async function decide(what) {
    const done = await act.run(async () => {
      await post(`${PATH}/parked/${one.event_id}/${what}`, { reason: reason.trim() });
      return true;
    });
    if (done) {
      changed();
    }
  }

  function replay(event) {
    event.preventDefault();
    decide('replay');
  }

  return html`
    <article class="card">
      <h3><span class="mono">${one.name}</span></h3>
      <${Facts}
        items=${[
          ['事件编号', html`<span class="mono">${one.event_id}</span>`],
          ['停放时间', one.parked_at && moment(one.parked_at)],
          ['已试次数', `${one.attempts} 次`],
          ['最后的错误', one.last_error && html`<span class="mono">${one.last_error}</span>`],
        ]}
      />
      ${
        decides &&
        html`
        <form class="form" onSubmit=${replay}>
          <div class="field">
            <label for=${id}>处理原因（记入审计，不要写个人信息）</label>
            <input class="in" id=${id} required minlength="2" maxlength="200" value=${reason} onInput=${(event) => setReason(event.target.value)} />
          </div>
          ${act.error && html`<${Failure} error=${act.error} />`}
          <div class="bar">
            <button class="btn" disabled=${act.busy}>重新处理</button>
            ${
              sure
                ? html`
                <button type="button" class="btn danger" disabled=${act.busy || reason.trim().length < 2} onClick=${() => decide('drop')}>确认放弃，不可恢复</button>
                <button type="button" class="btn plain" onClick=${() => setSure(false)}>先不放弃</button>
              `
                : html`<button type="button" class="btn plain" onClick=${() => setSure(true)}>放弃…</button>`
            }
          </div>
        </form>
      `
      }
    </article>
  `;
}

function Channels({ channels }) {
  return html`
    <section class="card" aria-labelledby="channels">
      <h2 id="channels">各渠道</h2>
      ${
        channels.length === 0
          ? html`<p>这段时间没有投递。</p>`
          : html`
        <${Table} label="各渠道投递" head=${['渠道', '已发送', '等待', '未使用', '已放弃', '回执送达', '已读', '通常用时', '最慢 1%']}>
          ${channels.map(
            (one) => html`
            <tr key=${one.channel}>
              <th scope="row">${CHANNELS[one.channel] ?? one.channel}</th>
              <td>${atMost(one.sent)}</td><td>${atMost(one.pending)}</td><td>${atMost(one.skipped)}</td>
              <td>${one.failed > 0 ? html`<${Tag} tone="bad">${atMost(one.failed)}</${Tag}>` : 0}</td>
              <td>${atMost(one.delivered)}</td><td>${one.channel === 'inbox' ? atMost(one.read) : '—'}</td>
              <td>${seconds(one.median_seconds)}</td><td>${seconds(one.slowest_seconds)}</td>
            </tr>
          `,
          )}
        </${Table}>
      `
      }
    </section>
  `;
}

function Providers({ data }) {
  const { providers, webhooks, live_connections: open } = data;
  return html`
    <section class="card" aria-labelledby="providers">
      <h2 id="providers">服务商与连接</h2>
      <${Facts}
        items=${[
          ['实时连接（本进程）', `${open} 个`],
          ['系统通知地址', `${webhooks.addresses} 个，其中 ${webhooks.failing} 个失败中`],
          ['系统通知', `${webhooks.pending} 条等待，${webhooks.dead} 条未送达`],
        ]}
      />
      ${
        providers.length === 0
          ? html`<p>没有配置短信或邮件服务商。</p>`
          : html`
        <${Table} label="服务商" head=${['服务商', '已发', '失败', '连续失败', '最后的错误', '状态']}>
          ${providers.map(
            (one) => html`
            <tr key=${one.name}>
              <th scope="row">${one.name}</th><td>${one.sent}</td><td>${one.failures}</td><td>${one.in_a_row}</td>
              <td class="mono">${one.last_error ?? '—'}</td>
              <td>${one.in_a_row >= 3 ? html`<${Tag} tone="bad">暂停中</${Tag}>` : html`<${Tag} tone=${one.in_a_row ? 'warn' : 'ok'}>${one.in_a_row ? '刚失败过' : '正常'}</${Tag}>`}</td>
            </tr>
          `,
          )}
        </${Table}>
      `
      }
    </section>
  `;
}

function Deliveries() {
  const [state, setState] = useState('failed');
  return html`
    <section class="card" aria-labelledby="deliveries">
      <h2 id="deliveries">投递记录</h2>
      <p class="muted">只显示渠道和结果，不显示内容和收件人。</p>
      <div class="filters" role="group" aria-label="投递状态">
        ${STATES.map(
          ([value, label]) => html`
          <button class="btn sec sm" key=${value} aria-pressed=${String(state === value)} onClick=${() => setState(value)}>${label}</button>
        `,
        )}
      </div>
      <${DeliveryList} key=${state} state=${state} />
    </section>
  `;
}

function DeliveryList({ state }) {
  const found = useList(`${PATH}/deliveries`, { query: { state } });
  if (!found.items) {
    return found.error ? html`<${Failure} error=${found.error} retry=${found.reload} />` : html`<${Loading} />`;
  }
  const { items } = found;
  return html`
    ${items.length === 0 && html`<p role="status" class="muted">没有这样的投递。</p>`}
    ${
      items.length > 0 &&
      html`
      <${Table} label="投递记录" head=${['时间', '渠道', '消息', '已试', '下次', '原因']}>
        ${items.map(
          (one) => html`
          <tr key=${one.id}>
            <td>${moment(one.created_at)}</td><td>${CHANNELS[one.channel] ?? one.channel}</td>
            <td class="mono">${one.kind}</td><td>${one.attempts}</td>
            <td>${one.state === 'pending' ? moment(one.due_at) : '—'}</td><td class="mono">${one.last_error ?? '—'}</td>
          </tr>
        `,
        )}
      </${Table}>
    `
    }
    <${More} list=${found} />
  `;
}
