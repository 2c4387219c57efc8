// What I owe and what I have paid.

import { html } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { More, useList } from '../../kit/list.js';
import { Failure, H1, Loading, RowLink, Tag } from '../../kit/ui.js';
import { useLive } from '../state.js';

export const TONES = { due: 'warn', paid: 'ok', refunded: 'info', cancelled: 'idle' };

/** Fen as yuan: 1234 → ¥12.34. */
export const yuan = (fen) => `¥${Math.trunc(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;

export default function Payments() {
  const found = useList('/api/citizen/bills', { name: 'bills' });
  useLive(found.reload);
  return html`
    <${H1} text=${t('pay.title')} />
    ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${
      found.items &&
      html`
      <section class="card" aria-label=${t('pay.title')}>
        ${found.items.length === 0 && html`<p>${t('pay.none')}</p>`}
        ${found.items.map(
          (bill) => html`
          <${RowLink} key=${bill.id} href=${`#/payment/${bill.id}`} title=${`${yuan(bill.amount)} ${bill.title}`} text=${bill.case_text}>
            <${Tag} tone=${TONES[bill.state]}>${t(`bill.${bill.state}`)}</${Tag}>
          </${RowLink}>
        `,
        )}
        <${More} list=${found} />
      </section>
    `
    }
  `;
}
