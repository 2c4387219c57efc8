// My cases: what waits for me first, then everything else.

import { html } from '../../vendor/preact-htm.js';
import { moment, t, worded } from '../../kit/i18n.js';
import { More, useList } from '../../kit/list.js';
import { FailedScreen, H1, Loading, RowLink, Tag } from '../../kit/ui.js';
import { me, useLive } from '../state.js';

export const STATE_TONES = {
  draft: 'idle',
  submitted: 'info',
  accepted: 'info',
  supplement_requested: 'warn',
  approved: 'ok',
  closed: 'ok',
  refused: 'bad',
  acceptance_declined: 'bad',
  withdrawn: 'idle',
  lapsed: 'bad',
};

export default function Cases() {
  const found = useList('/api/citizen/cases', { who: me.value?.acting_for?.id });
  useLive(found.reload);
  if (found.error && !found.items) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.items) {
    return html`<${Loading} />`;
  }
  const items = found.items;
  const waiting = items.filter((one) => one.state === 'supplement_requested');
  const drafts = items.filter((one) => one.state === 'draft');
  const others = items.filter((one) => !waiting.includes(one) && !drafts.includes(one));
  return html`
    <${H1} text=${t('cases.title')} />
    ${
      items.length === 0 &&
      html`
      <section class="card">
        <p>${t('cases.none')}</p>
        <a class="btn block" href="#/">${t('cases.find')}</a>
      </section>
    `
    }
    <${Group} title=${t('cases.waiting')} items=${waiting} />
    <${Group} title=${t('cases.drafts')} items=${drafts} />
    <${Group} title=${t('cases.running')} items=${others} />
    <${More} list=${found} />
  `;
}

function Group({ title, items }) {
  if (items.length === 0) {
    return null;
  }
  return html`
    <section class="card">
      <h2>${title}</h2>
      <ul class="list">
        ${items.map(
          (one) => html`
            <li key=${one.id}>
              <${RowLink}
                href=${one.state === 'draft' ? `#/apply/${one.id}` : `#/case/${one.id}`}
                title=${one.item_name}
                text=${html`${whenOf(one)}${one.unread > 0 && html` <${Tag} tone="warn">${t('talk.new', { n: one.unread })}</${Tag}>`}`}
              >
                <${Tag} tone=${STATE_TONES[one.state]}>
                  ${worded('caseState', one.state, one.state_text)}
                </${Tag}>
              </${RowLink}>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

function whenOf(one) {
  if (one.submitted_at) {
    return t('cases.submitted', { at: moment(one.submitted_at) });
  }
  return t('cases.changed', { at: moment(one.updated_at) });
}
