// One licence: show it, what it says, whether its seal holds, who looked at it, the file itself.

import { html } from '../../vendor/preact-htm.js';
import { day, t, worded } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { Facts, Failure, H1, Loading, RowLink, Tag, useData } from '../../kit/ui.js';
import { useLive } from '../state.js';
import { UseList } from './uses.js';
import { cardKind, stateChip } from './wallet.js';

const SEAL_TONES = { valid: 'ok', invalid: 'bad' };

export default function Licence({ params }) {
  const path = `/api/citizen/licences/${params.id}`;
  const found = useData(() => get(path));
  const uses = useData(() => get(`${path}/uses`));
  useLive((event) => {
    if (event.kind === 'refresh' || event.data?.licence_id === params.id) {
      found.reload();
      uses.reload();
    }
  });
  if (found.error && !found.data) {
    return html`<${Failure} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  const licence = found.data;
  const [tone, words] = stateChip(licence);
  return html`
    <${H1} text=${licence.name} />
    <div class=${`lic ${cardKind(licence)}`}>
      <span class="head"><b>${licence.holder_masked}</b><span class=${`state ${tone}`}>${words}</span></span>
      <span class="number">${licence.number_masked}</span>
      <span class="small">${licence.issuer}</span>
      <span class="small">${licence.valid_to ? t('licence.until', { day: day(licence.valid_to) }) : t('licence.longTerm')}</span>
    </div>
    ${licence.showable
      ? html`<a class="btn block" href=${`#/qr/${licence.id}`}>${t('licence.show')}</a>`
      : html`<p class="note bad">${t('licence.notShowable', { state: worded('licenceState', licence.state, licence.state_text) })}</p>`}
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">${t('licence.facts')}</h2>
      <${Facts}
        items=${[
          ...licence.facts.map(({ label, value }) => [label, value]),
          [t('licence.issuedOn'), licence.issued_on && day(licence.issued_on)],
        ]}
      />
      <details>
        <summary>${t('licence.identifier')}</summary>
        <p class="mono">${licence.identifier}</p>
      </details>
    </section>
    <section class="card" aria-labelledby="seal">
      <h2 id="seal">${t('licence.seal')}</h2>
      <p>
        <${Tag} tone=${SEAL_TONES[licence.seal?.verdict] ?? 'warn'}>${t(`seal.${licence.seal?.verdict ?? 'cannot_tell'}`)}</${Tag}>
        ${' '}${licence.seal?.text}
      </p>
      <a class="btn sec block" href=${licence.document_url} download=${`${licence.name}.ofd`}>${t('licence.download')}</a>
      <p class="hint">${t('licence.downloadHint')}</p>
    </section>
    <section class="card" aria-labelledby="looked">
      <h2 id="looked">${t('uses.title')}</h2>
      ${uses.error && html`<${Failure} error=${uses.error} retry=${uses.reload} />`}
      ${uses.data && html`<${UseList} uses=${uses.data.uses.slice(0, 5)} />`}
      <${RowLink} href="#/uses" title=${t('uses.all')} />
    </section>
  `;
}
