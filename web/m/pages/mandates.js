// Who may act for an organisation of mine; the legal representative lets people in and out.

import { html, useState } from '../../vendor/preact-htm.js';
import { day, t } from '../../kit/i18n.js';
import { del, get, post } from '../../kit/api.js';
import { Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { me } from '../state.js';

export default function Mandates({ params }) {
  const path = `/api/citizen/organisations/${params.id}/mandates`;
  const found = useData(() => get(path));
  const [ending, setEnding] = useState(null);
  const act = useAct();
  const company = me.value.organisations.find(({ id }) => id === params.id);

  async function end(mandate) {
    await act.run(() => del(`${path}/${mandate.person_id}`));
    setEnding(null);
    found.reload();
  }

  return html`
    <${H1} text=${t('mandates.title')} />
    <p>${t('mandates.why', { name: company?.name ?? '' })}</p>
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${found.error && !found.data && html`<${Failure} error=${found.error} />`}
    ${!found.data && !found.error && html`<${Loading} />`}
    ${
      found.data &&
      html`
      <section class="card" aria-label=${t('mandates.title')}>
        ${found.data.mandates.length === 0 && html`<p>${t('mandates.none')}</p>`}
        <ul class="list">
          ${found.data.mandates.map(
            (mandate) => html`
            <li key=${mandate.person_id} class="row">
              <span class="grow">
                <b>${mandate.name}</b>
                <small>${[mandate.id_no_masked, mandate.valid_to && t('licence.until', { day: day(mandate.valid_to) })].filter(Boolean).join(' · ')}</small>
              </span>
              ${
                ending === mandate.person_id
                  ? html`
                    <button class="btn sm" disabled=${act.busy} onClick=${() => end(mandate)}>${t('mandates.endNow', { name: mandate.name })}</button>
                    <button class="btn sec sm" onClick=${() => setEnding(null)}>${t('mandates.keep')}</button>
                  `
                  : html`<button class="btn sec sm" onClick=${() => setEnding(mandate.person_id)}>${t('mandates.end')}</button>`
              }
            </li>
          `,
          )}
        </ul>
      </section>
      <${Grant} path=${path} granted=${found.reload} />
    `
    }
  `;
}

function Grant({ path, granted }) {
  const [values, setValues] = useState({ name: '', id_no: '', valid_to: '' });
  const act = useAct();
  const field = (name) => ({
    value: values[name],
    onInput: (event) => setValues((before) => ({ ...before, [name]: event.target.value })),
  });

  async function submit(event) {
    event.preventDefault();
    const body = { ...values, name: values.name.trim(), id_no: values.id_no.trim().toUpperCase() };
    await act.run(async () => {
      await post(path, body);
      setValues({ name: '', id_no: '', valid_to: '' });
      granted();
    });
  }

  return html`
    <form class="card" onSubmit=${submit}>
      <h2>${t('mandates.grant')}</h2>
      <div class="field"><label for="m-name">${t('me.name')}</label><input id="m-name" class="in" required maxlength="60" ...${field('name')} /></div>
      <div class="field"><label for="m-number">${t('me.idNo')}</label><input id="m-number" class="in" required minlength="15" maxlength="18" autocomplete="off" ...${field('id_no')} /></div>
      <div class="field"><label for="m-until">${t('mandates.until')}</label><input id="m-until" class="in" type="date" required ...${field('valid_to')} /></div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn block" disabled=${act.busy}>${t('mandates.grant')}</button>
    </form>
  `;
}
