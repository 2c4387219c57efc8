// My complaints about looks, and what the departments answered.

import { html } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { More, useList } from '../../kit/list.js';
import { Failure, H1, Loading, Tag } from '../../kit/ui.js';
import { me, useLive } from '../state.js';

export default function Complaints() {
  const found = useList('/api/citizen/complaints', { name: 'complaints', who: me.value?.acting_for?.id });
  useLive(found.reload);
  const complaints = found.items ?? [];
  return html`
    <${H1} text=${t('complaints.title')} />
    ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${found.items && complaints.length === 0 && html`<section class="card"><p>${t('complaints.none')}</p></section>`}
    ${complaints.map(
      (one) => html`
        <section class="card" key=${one.id}>
          <h2>${one.use_who} · ${one.licence_name}</h2>
          <p>
            <${Tag} tone=${one.state === 'answered' ? 'ok' : 'warn'}>
              ${t(one.state === 'answered' ? 'complaints.answered' : 'complaints.open')}
            </${Tag}>
            ${' '}<small class="muted">${moment(one.made_at)}</small>
          </p>
          <p>${one.text}</p>
          ${one.answer && html`<p class="note ok"><b>${t('complaints.answer')}</b> ${one.answer}</p>`}
        </section>
      `,
    )}
    <${More} list=${found} />
  `;
}
