// Operator: how the platforms answer, channels, payments, and whether the statements agree.

import { html, useState } from '../../vendor/preact-htm.js';
import { get, newKey, post, put } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { MiniCodes } from '../mini-codes.js';
import { Table } from '../table.js';

const yuan = (fen) => (fen === null ? '—' : `¥${(fen / 100).toFixed(2)}`);
const STATES = { due: '待缴', paid: '已缴', refunded: '已退', cancelled: '已取消' };
const PLATFORMS = {
  wechat: '微信',
  alipay: '支付宝',
  city: '城市 App',
  browser: '短信',
  wechat_pay: '微信支付',
  alipay_trade: '支付宝收款',
  cashier: '财政统一收银台',
};
const TOKENS = { access: '接口凭证', jsapi: '网页签名凭证' };
const DIFFERENCES = { missing_here: '我方缺', missing_there: '平台缺', amount: '金额不符' };

export default function Operations() {
  return html`
    <p><a class="btn sec sm" href="#/">‹ 返回列表</a></p>
    <${H1} text="平台与缴费" />
    <${Block} title="平台对接" path="/api/staff/connectors" view=${Connectors} />
    <${Block} title="渠道" path="/api/staff/channels" view=${Channels} />
    <${PaymentList} />
    <${StatementList} />
  `;
}

function Block({ title, path, view }) {
  const found = useData(() => get(path));
  return html`
    <section class="card" aria-label=${title}>
      <h2>${title}</h2>
      ${found.error && !found.data && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${!found.data && !found.error && html`<${Loading} />`}
      ${found.data && html`<${view} data=${found.data} reload=${found.reload} />`}
    </section>
  `;
}

function PaymentList() {
  const found = useList('/api/staff/payments', { name: 'payments' });
  return html`
    <section class="card" aria-label="缴费">
      <h2>缴费</h2>
      ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${!found.items && !found.error && html`<${Loading} />`}
      ${found.items && html`<${Payments} list=${found} reload=${found.reload} />`}
    </section>
  `;
}

function StatementList() {
  const found = useList('/api/staff/payments/statements', { name: 'statements' });
  return html`
    <section class="card" aria-label="对账">
      <h2>对账</h2>
      ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${!found.items && !found.error && html`<${Loading} />`}
      ${found.items?.length === 0 && html`<p>还没有对账单。</p>`}
      ${
        found.items?.length > 0 &&
        html`
        <${Table} label="对账" head=${['日期', '平台', '笔数', '收', '退', '补记', '差异']}>
          ${found.items.map((one) => html`<${Statement} key=${one.id} one=${one} />`)}
        </${Table}>
      `
      }
      <${More} list=${found} />
    </section>
  `;
}

function Statement({ one }) {
  const [open, setOpen] = useState(false);
  return html`
    <tr>
      <th scope="row">${one.day}</th><td>${PLATFORMS[one.provider] ?? one.provider}</td><td>${one.lines}</td><td>${yuan(one.paid)}</td><td>${yuan(one.refunded)}</td><td>${one.mended}</td>
      <td>
        ${one.differing === 0 && html`<${Tag} tone="ok">一致</${Tag}>`}
        ${one.differing > 0 && html`<${Tag} tone="bad">${one.differing} 处不符</${Tag}>`}
        ${one.differing > 0 && !open && html` <button class="btn sec sm" onClick=${() => setOpen(true)}>查看差异</button>`}
        ${open && html`<${Differences} of=${one.id} />`}
      </td>
    </tr>
  `;
}

function Differences({ of }) {
  const found = useList(`/api/staff/payments/statements/${of}/differences`, { name: 'differences' });
  return html`
    ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${found.items?.map(
      (one) => html`
        <div key=${one.id}>${DIFFERENCES[one.kind]} <span class="mono">${one.number}</span> 我方 ${yuan(one.ours)} / 平台 ${yuan(one.theirs)}</div>
      `,
    )}
    <${More} list=${found} />
  `;
}

function Connectors({ data }) {
  const rows = data.connectors.flatMap((one) =>
    one.calls.map((call) => ({ ...call, platform: one.platform, rests: one.open_circuits[call.call] })),
  );
  return html`
    ${data.connectors.map(
      ({ platform, tokens, quotas }) =>
        (tokens.length > 0 || quotas.length > 0) &&
        html`
      <div key=${platform}>
        <b>${PLATFORMS[platform] ?? platform}</b>
        <ul>
          ${tokens.map(
            (token) => html`
            <li key=${token.kind}>
              ${TOKENS[token.kind] ?? token.kind}：第 ${token.generation} 代，已用 ${Math.round(token.age_seconds / 60)} 分钟，还剩 ${Math.round(token.left_seconds / 60)} 分钟
            </li>
          `,
          )}
          ${quotas.map(
            (quota) => html`
            <li key=${quota.call}><span class="mono">${quota.call}</span> 今日已用 ${quota.used} 次，限额 ${quota.limit} 次</li>
          `,
          )}
        </ul>
      </div>
    `,
    )}
    ${
      rows.length === 0
        ? html`<p>最近 24 小时没有调用。</p>`
        : html`
      <${Table} label="最近 24 小时的调用" head=${['平台', '调用', '次数', '失败', '平均毫秒', '状态']}>
        ${rows.map(
          (row) => html`
          <tr key=${row.platform + row.call}>
            <th scope="row">${PLATFORMS[row.platform] ?? row.platform}</th><td class="mono">${row.call}</td><td>${row.total}</td>
            <td>${row.failed} (${((100 * row.failed) / row.total).toFixed(1)}%)</td><td>${row.milliseconds}</td>
            <td>${row.rests ? html`<${Tag} tone="bad">暂停 ${row.rests} 秒</${Tag}>` : html`<${Tag} tone="ok">正常</${Tag}>`}</td>
          </tr>
        `,
        )}
      </${Table}>
    `
    }
  `;
}

function Channels({ data, reload }) {
  const act = useAct();

  async function turn(channel, change) {
    await act.run(() => put(`/api/staff/channels/${channel.key}`, change));
    reload();
  }

  return html`
    ${act.error && html`<${Failure} error=${act.error} />`}
    <${Table} label="渠道" head=${['渠道', '最近 30 天登录', '由链接进入', '扫码进入', '状态', '内容检查', '操作']}>
      ${data.channels.map(
        (one) => html`
        <tr key=${one.key}>
          <th scope="row">${one.name}</th><td>${one.counts.sign_in ?? 0}</td>
          <td>${one.counts.entry_link ?? 0}</td><td>${one.counts.entry_code ?? 0}</td>
          <td><${Tag} tone=${one.open ? 'ok' : 'bad'}>${one.open ? '开放' : '关闭'}</${Tag}></td>
          <td>${one.content_check === null ? '—' : one.content_check ? '已开启' : '已停用'}</td>
          <td class="bar">
            <button class="btn sec sm" disabled=${act.busy} onClick=${() => turn(one, { open: !one.open })}>${one.open ? '关闭' : '开放'}${one.name}</button>
            ${
              one.content_check !== null &&
              html`
              <button class="btn sec sm" disabled=${act.busy} onClick=${() => turn(one, { content_check: !one.content_check })}>${one.content_check ? '停用' : '开启'}内容检查</button>
            `
            }
          </td>
        </tr>
      `,
      )}
    </${Table}>
    ${
      data.channels.some((one) => one.mini_codes) &&
      html`
      <h3>大厅张贴的小程序码</h3>
      <${MiniCodes} channels=${data.channels.filter((one) => one.mini_codes)} />
    `
    }
  `;
}

function Payments({ list, reload }) {
  return html`
    ${
      list.items.length === 0
        ? html`<p>还没有费用。</p>`
        : html`
      <${Table} label="缴费" head=${['办件', '费用', '金额', '已退', '状态', '订单', '操作']}>
        ${list.items.map(
          (one) => html`
          <tr key=${one.id}>
            <th scope="row">${one.case_text}</th><td>${one.title}</td><td>${yuan(one.amount)}</td><td>${yuan(one.refunded)}</td>
            <td>${STATES[one.state]}</td><td class="mono">${one.order_no ?? '—'}</td>
            <td>${one.refundable > 0 && html`<${Refund} bill=${one} asked=${reload} />`}</td>
          </tr>
        `,
        )}
      </${Table}>
    `
    }
    <${More} list=${list} />
  `;
}

function Refund({ bill, asked }) {
  const [open, setOpen] = useState(null);
  const [amount, setAmount] = useState((bill.refundable / 100).toFixed(2));
  const [reason, setReason] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const fen = Math.round(Number(amount) * 100);
    const done = await act.run(() =>
      post(`/api/staff/payments/${bill.id}/refunds`, { amount: fen, reason }, { key: open }),
    );
    if (done) {
      asked();
    }
  }

  if (!open) {
    return html`<button class="btn sec sm" onClick=${() => setOpen(newKey())}>退款</button>`;
  }
  return html`
    <form onSubmit=${submit}>
      <div class="field"><label for=${`a-${bill.id}`}>金额（元）</label><input id=${`a-${bill.id}`} class="in" inputmode="decimal" required value=${amount} onInput=${(event) => setAmount(event.target.value)} /></div>
      <div class="field"><label for=${`r-${bill.id}`}>原因</label><input id=${`r-${bill.id}`} class="in" required minlength="2" maxlength="80" value=${reason} onInput=${(event) => setReason(event.target.value)} /></div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn sm" disabled=${act.busy}>确认退款</button>
    </form>
  `;
}
