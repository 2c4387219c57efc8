// Who looked at my licences: when, where, for what, with which result.

import { html } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { Failure, H1, Loading, Tag, useData } from '../../kit/ui.js';
import { me, useLive } from '../state.js';

const TONES = { valid: 'ok', invalid: 'bad', cannot_tell: 'warn' };

export default function Uses() {
  const found = useData(() => get('/api/citizen/uses'), [me.value?.acting_for?.id]);
  useLive(found.reload);
  return html`
    <${H1} text=${t('uses.title')} />
    <p class="muted">${t('uses.hint')}</p>
    ${found.error && !found.data && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.data && !found.error && html`<${Loading} />`}
    ${found.data && html`<section class="card"><${UseList} uses=${found.data.uses} /></section>`}
  `;
}

/** The list itself; a sentence when nobody looked. */
export function UseList({ uses }) {
  if (uses.length === 0) {
    return html`<p>${t('uses.none')}</p>`;
  }
  return html`
    <ul class="list">
      ${uses.map(
        (use) => html`
          <li class="row">
            <span class="grow">
              <b>${use.who}</b>
              <small>${[use.licence_name, use.purpose].filter(Boolean).join(' · ')}</small>
              <small>${[moment(use.at), use.department, use.terminal].filter(Boolean).join(' · ')}</small>
            </span>
            <${Tag} tone=${TONES[use.verdict] ?? 'info'}>${t(`verdict.${use.verdict}`)}</${Tag}>
          </li>
        `,
      )}
    </ul>
  `;
}
