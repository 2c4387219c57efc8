// What I owe and what I have paid.

import { html } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { Failure, H1, Loading, RowLink, Tag, useData } from '../../kit/ui.js';
import { useLive } from '../state.js';

export const TONES = { due: 'warn', paid: 'ok', refunded: 'info', cancelled: 'idle' };

/** Fen as yuan: 1234 → ¥12.34. */
export const yuan = (fen) => `¥${Math.trunc(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;

export default function Payments() {
  const found = useData(() => get('/api/citizen/bills'));
  useLive(found.reload);
  return html`
    <${H1} text=${t('pay.title')} />
    ${found.error && !found.data && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.data && !found.error && html`<${Loading} />`}
    ${
      found.data &&
      html`
      <section class="card" aria-label=${t('pay.title')}>
        ${found.data.bills.length === 0 && html`<p>${t('pay.none')}</p>`}
        ${found.data.bills.map(
          (bill) => html`
          <${RowLink} key=${bill.id} href=${`#/payment/${bill.id}`} title=${`${yuan(bill.amount)} ${bill.title}`} text=${bill.case_text}>
            <${Tag} tone=${TONES[bill.state]}>${t(`bill.${bill.state}`)}</${Tag}>
          </${RowLink}>
        `,
        )}
      </section>
    `
    }
  `;
}
