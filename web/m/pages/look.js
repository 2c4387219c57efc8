// One look at a licence: everything that was recorded, and the way to complain about it.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { get, newKey, post } from '../../kit/api.js';
import { Facts, FailedScreen, Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { replace } from '../state.js';

export default function Look({ params }) {
  const found = useData(() => get('/api/citizen/uses?limit=100'));
  if (found.error && !found.data) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  const use = found.data.uses.find((one) => one.id === params.id);
  if (!use) {
    return html`<${H1} text=${t('look.title')} /><p class="note warn">${t('look.gone')}</p>`;
  }
  return html`
    <${H1} text=${t('look.title')} />
    <section class="card">
      <${Facts}
        items=${[
          [t('look.who'), use.who],
          [t('look.where'), [use.department, use.terminal].filter(Boolean).join(' · ')],
          [t('look.when'), moment(use.at)],
          [t('look.licence'), use.licence_name],
          [t('look.how'), use.kind_text],
          [t('look.purpose'), use.purpose],
          [t('look.case'), use.case_no],
          [t('look.ground'), use.ground],
          [t('look.fields'), use.fields_seen.join('、')],
          [t('look.verdict'), use.verdict_text],
          [t('look.number'), String(use.n)],
        ]}
      />
    </section>
    <${Complain} use=${use} />
  `;
}

function Complain({ use }) {
  const [text, setText] = useState('');
  const [key] = useState(newKey);
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const made = await act.run(() => post(`/api/citizen/uses/${use.id}/complaint`, { text }, { key }));
    if (made) {
      replace('/complaints', t('complaints.sent'));
    }
  }

  return html`
    <form class="card form" onSubmit=${submit}>
      <h2>${t('complaints.ask')}</h2>
      <p class="muted">${t('complaints.meaning')}</p>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div class="field">
        <label for="complaint">${t('complaints.text')}</label>
        <textarea
          class="in"
          id="complaint"
          rows="3"
          maxlength="1000"
          required
          value=${text}
          onInput=${(event) => setText(event.target.value)}
        ></textarea>
      </div>
      <button class="btn block" disabled=${act.busy}>${t('complaints.send')}</button>
    </form>
  `;
}
