// What I let others see, and what others let me see.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { del, get, post } from '../../kit/api.js';
import { Facts, FailedScreen, Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { me, useLive } from '../state.js';

const LIVING = ['offered', 'accepted'];

export default function Authorisations() {
  const found = useData(() => get('/api/citizen/authorisations'), [me.value?.acting_for?.id]);
  useLive(found.reload);
  if (found.error && !found.data) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  const { given, received } = found.data;
  return html`
    <${H1} text=${t('grants.title')} />
    <h2>${t('grants.received')}</h2>
    ${received.length === 0 && html`<section class="card"><p>${t('grants.noneReceived')}</p></section>`}
    ${received.map((one) => html`<${Received} key=${one.id} one=${one} reload=${found.reload} />`)}
    <h2>${t('grants.given')}</h2>
    ${given.length === 0 && html`<section class="card"><p>${t('grants.noneGiven')}</p></section>`}
    ${given.map((one) => html`<${Given} key=${one.id} one=${one} reload=${found.reload} />`)}
  `;
}

function Terms({ one, other }) {
  return html`
    <h3>${one.licence_name}</h3>
    <p>
      <${Tag} tone=${LIVING.includes(one.state) ? 'ok' : 'idle'}>${t(`grantState.${one.state}`)}</${Tag}>
    </p>
    <${Facts}
      items=${[
        other,
        [t('grants.fields'), one.fields.join('、')],
        [t('grants.purpose'), one.purpose],
        [t('grants.until'), moment(one.ends_at)],
        [t('grants.count'), t('grants.used', { used: one.used, max: one.max_uses })],
      ]}
    />
  `;
}

function Given({ one, reload }) {
  const act = useAct();

  async function takeBack() {
    await act.run(() => del(`/api/citizen/authorisations/${one.id}`));
    reload();
  }

  return html`
    <section class="card">
      <${Terms} one=${one} other=${[t('grants.to'), one.grantee_name]} />
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${
        LIVING.includes(one.state) &&
        html`
        <button class="btn danger" disabled=${act.busy} onClick=${takeBack}>${t('grants.takeBack')}</button>
      `
      }
    </section>
  `;
}

function Received({ one, reload }) {
  const [seen, setSeen] = useState(null);
  const act = useAct();
  const path = `/api/citizen/authorisations/${one.id}`;

  async function decide(what) {
    await act.run(() => post(`${path}/${what}`));
    reload();
  }

  async function look() {
    setSeen((await act.run(() => post(`${path}/uses`))) ?? null);
    reload();
  }

  return html`
    <section class="card">
      <${Terms} one=${one} other=${[t('grants.from'), one.holder_name]} />
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${seen && html`<${Seen} seen=${seen} />`}
      ${
        one.state === 'offered' &&
        html`
        <p>
          <button class="btn" disabled=${act.busy} onClick=${() => decide('acceptance')}>${t('grants.accept')}</button>
          ${' '}
          <button class="btn sec" disabled=${act.busy} onClick=${() => decide('refusal')}>${t('grants.decline')}</button>
        </p>
      `
      }
      ${
        one.state === 'accepted' &&
        html`
        <button class="btn" disabled=${act.busy} onClick=${look}>${t('grants.look')}</button>
      `
      }
    </section>
  `;
}

/** What somebody was let to see. */
export function Seen({ seen }) {
  return html`
    <div role="status">
      <p class="note ok">${t('grants.seen', { name: seen.licence_name, state: seen.state_text })}</p>
      <${Facts} items=${seen.fields.map(({ label, value }) => [label, value])} />
    </div>
  `;
}
