// One fee: pay it, see that it arrived (the platform says so, not this page), keep the receipt.

import { html } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { Facts, FailedScreen, Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { askShell, hostKind } from '../../kit/host.js';
import { useLive } from '../state.js';
import { TONES, yuan } from './payments.js';

/** Which ways of paying the app around the page can open. */
const HOSTS = { wechat_pay: 'wechat', alipay_trade: 'alipay' };

export default function Payment({ params }) {
  const path = `/api/citizen/bills/${params.id}`;
  const found = useData(async () => {
    const { bills, ways } = await get('/api/citizen/bills?limit=100');
    return { bill: bills.find((bill) => bill.id === params.id), ways };
  });
  const act = useAct();
  useLive(found.reload);

  async function pay(way) {
    const launch = await act.run(() => post(`${path}/orders`, { provider: way.provider }));
    if (launch?.kind === 'page') {
      location.href = launch.params.url;
    } else if (launch) {
      // What came of it is for the platform to say: however the shell comes back, it is asked.
      await act.run(() => askShell('pay', ['bill', params.id], { launch: JSON.stringify(launch.params) }));
      await refresh();
    }
  }

  async function refresh() {
    await act.run(() => post(`${path}/refresh`));
    found.reload();
  }

  if (found.error && !found.data) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  const { bill, ways } = found.data;
  if (!bill) {
    return html`<p class="note bad" role="alert">${t('pay.unknown')}</p>`;
  }
  const host = hostKind();
  const open = ways.filter(({ provider }) => !HOSTS[provider] || HOSTS[provider] === host);
  return html`
    <${H1} text=${bill.title} />
    <section class="card">
      <${Facts}
        items=${[
          [t('pay.amount'), yuan(bill.amount)],
          [t('pay.state'), html`<${Tag} tone=${TONES[bill.state]}>${t(`bill.${bill.state}`)}</${Tag}>`],
          [t('pay.case'), bill.case_text],
          [t('pay.paidAt'), bill.paid_at && moment(bill.paid_at)],
          [t('pay.refunded'), bill.refunded > 0 ? yuan(bill.refunded) : null],
        ]}
      />
    </section>
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${
      bill.state === 'due' &&
      html`
      <section class="card" aria-labelledby="ways">
        <h2 id="ways">${t('pay.how')}</h2>
        ${open.map((way) => html`<button key=${way.provider} class="btn block" disabled=${act.busy} onClick=${() => pay(way)}>${t('pay.by', { way: t(`payWay.${way.provider}`), amount: yuan(bill.amount) })}</button>`)}
        <p class="hint">${t('pay.hint')}</p>
        <button class="btn sec block" disabled=${act.busy} onClick=${refresh}>${t('pay.refresh')}</button>
      </section>
    `
    }
    ${(bill.state === 'paid' || bill.state === 'refunded') && html`<${Receipt} path=${path} />`}
  `;
}

function Receipt({ path }) {
  const found = useData(() => get(`${path}/receipt`));
  if (found.error && !found.data) {
    return html`<${Failure} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  const { data } = found;
  return html`
    <section class="card" aria-labelledby="receipt">
      <h2 id="receipt">${t('pay.receipt')}</h2>
      <${Facts}
        items=${[
          [t('pay.way'), data.way],
          [t('pay.order'), html`<span class="mono">${data.order_no}</span>`],
          [t('pay.transaction'), html`<span class="mono">${data.transaction}</span>`],
          ...data.refunds.map((one) => [t('pay.refund'), `${yuan(one.amount)} · ${t(`refund.${one.state}`)}`]),
        ]}
      />
    </section>
  `;
}
