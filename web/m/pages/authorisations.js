// What I let others see, and what others let me see.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { del, post } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Facts, Failure, H1, Loading, Tag, useAct } from '../../kit/ui.js';
import { me, useLive } from '../state.js';

const LIVING = ['offered', 'accepted'];

export default function Authorisations() {
  const who = me.value?.acting_for?.id;
  return html`
    <${H1} text=${t('grants.title')} />
    <${Side} side="received" title=${t('grants.received')} none=${t('grants.noneReceived')} Row=${Received} who=${who} />
    <${Side} side="given" title=${t('grants.given')} none=${t('grants.noneGiven')} Row=${Given} who=${who} />
  `;
}

function Side({ side, title, none, Row, who }) {
  const found = useList(`/api/citizen/authorisations/${side}`, { name: 'authorisations', who });
  useLive(found.reload);
  return html`
    <section class="stack" aria-labelledby=${side}>
      <h2 id=${side}>${title}</h2>
      ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${!found.items && !found.error && html`<${Loading} />`}
      ${found.items?.length === 0 && html`<section class="card"><p>${none}</p></section>`}
      ${found.items?.map((one) => html`<${Row} key=${one.id} one=${one} reload=${found.reload} />`)}
      <${More} list=${found} />
    </section>
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
