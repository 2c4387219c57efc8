// The licences of my children, below my own: opening one means acting for the child from then on.

import { html } from '../vendor/preact-htm.js';
import { day, t, worded } from '../kit/i18n.js';
import { get, put } from '../kit/api.js';
import { Failure, useAct, useData } from '../kit/ui.js';
import { go, me } from './state.js';

export function Wards() {
  const found = useData(() => get('/api/citizen/wards'), [me.value?.acting_for?.id]);
  const act = useAct();

  async function open(ward, path) {
    const changed = await act.run(() => put('/api/citizen/acting-for', { organisation_id: ward.id }));
    if (changed) {
      me.value = changed;
      go(path);
    }
  }

  if (found.error) {
    return html`<${Failure} error=${found.error} retry=${found.reload} />`;
  }
  return html`
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${found.data?.wards
      .filter(({ id }) => id !== me.value?.acting_for?.id)
      .map((ward) => html`<${Ward} key=${ward.id} ward=${ward} busy=${act.busy} open=${open} />`)}
  `;
}

function Ward({ ward, busy, open }) {
  const heading = `ward-${ward.id}`;
  return html`
    <section class="card" aria-labelledby=${heading}>
      <h2 id=${heading}>${t('wards.of', { name: ward.name })}</h2>
      <p class="muted">${t('wards.until', { day: day(ward.until) })}</p>
      ${ward.licences.length === 0 && html`<p>${t('wards.none')}</p>`}
      ${ward.licences.map(
        (one) => html`
          <button class="row" key=${one.id} disabled=${busy} onClick=${() => open(ward, `/licence/${one.id}`)}>
            <span class="grow">
              <b>${one.name}</b>
              <small>${one.number_masked} · ${worded('licenceState', one.state, one.state_text)}</small>
            </span>
            <span class="go" aria-hidden="true">›</span>
          </button>
        `,
      )}
    </section>
  `;
}
