// Who looked at my licences: when, where, for what, what they saw; the log as a file; complaints.

import { html } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Failure, H1, Loading, RowLink, Tag, useData } from '../../kit/ui.js';
import { me, useLive } from '../state.js';

const TONES = { valid: 'ok', invalid: 'bad', cannot_tell: 'warn' };

export default function Uses() {
  const who = me.value?.acting_for?.id;
  const found = useList('/api/citizen/uses', { name: 'uses', who });
  const saved = useData(() => get('/api/citizen/savings'), [who]);
  useLive(found.reload);
  return html`
    <${H1} text=${t('uses.title')} />
    <p class="muted">${t('uses.hint')}</p>
    ${
      saved.data?.materials > 0 &&
      html`
      <p class="note ok">${t('uses.saved', { n: saved.data.materials, cases: saved.data.cases })}</p>
    `
    }
    ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${
      found.items &&
      html`
      <section class="card"><${UseList} uses=${found.items} /><${More} list=${found} /></section>
    `
    }
    <section class="card">
      <${RowLink} href="#/complaints" title=${t('complaints.title')} text=${t('complaints.hint')} />
      <a class="btn sec block" href="/api/citizen/uses/export" download="licence-uses.json">${t('uses.export')}</a>
      <p class="hint">${t('uses.exportHint')}</p>
    </section>
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
          <li key=${use.id}>
            <a class="row" href=${`#/look/${use.id}`}>
              <span class="grow">
                <b>${use.who}</b>
                <small>${[use.licence_name, use.purpose].filter(Boolean).join(' · ')}</small>
                <small>${[moment(use.at), use.department, use.terminal].filter(Boolean).join(' · ')}</small>
              </span>
              <${UseTag} use=${use} />
            </a>
          </li>
        `,
      )}
    </ul>
  `;
}

/** The verdict where one was given, else how it came to the look. */
export function UseTag({ use }) {
  return use.verdict
    ? html`<${Tag} tone=${TONES[use.verdict] ?? 'info'}>${t(`verdict.${use.verdict}`)}</${Tag}>`
    : html`<${Tag} tone="info">${use.kind_text}</${Tag}>`;
}
