// Take an application back, after saying what that means.

import { html, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { post } from '../../kit/api.js';
import { Failure, H1, useAct } from '../../kit/ui.js';
import { replace } from '../state.js';

const REASONS = ['withdraw.reason1', 'withdraw.reason2', 'withdraw.reason3', 'withdraw.reason4'];

export default function Withdraw({ params }) {
  const [reason, setReason] = useState('');
  const [complaint, setComplaint] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    if (!reason) {
      setComplaint(t('withdraw.pleaseChoose'));
      return;
    }
    const done = await act.run(() => post(`/api/citizen/cases/${params.id}/withdrawal`, { reason }));
    if (done) {
      replace(`/case/${params.id}`, t('withdraw.done'));
    }
  }

  return html`
    <${H1} text=${t('withdraw.heading')} />
    <p class="note warn">${t('withdraw.meaning')}</p>
    ${act.error && html`<${Failure} error=${act.error} />`}
    <form class="card form" onSubmit=${submit}>
      <fieldset class=${complaint ? 'field err' : 'field'}>
        <legend>${t('withdraw.why')}</legend>
        ${
          complaint &&
          html`
          <span class="msg" role="alert"><span class="vh">${t('form.error')}</span>${complaint}</span>
        `
        }
        ${REASONS.map(
          (key) => html`
            <label class="choice" key=${key}>
              <input
                type="radio"
                name="reason"
                checked=${reason === t(key)}
                onChange=${() => setReason(t(key))}
              />
              ${t(key)}
            </label>
          `,
        )}
      </fieldset>
      <button class="btn danger block" disabled=${act.busy}>${t('withdraw.confirm')}</button>
      <a class="btn sec block" href=${`#/case/${params.id}`}>${t('withdraw.keep')}</a>
    </form>
  `;
}
