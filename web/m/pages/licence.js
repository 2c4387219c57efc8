// One licence: show it, what it says, whether its seal holds, who looked at it, the file itself.

import { html, useState } from '../../vendor/preact-htm.js';
import { day, moment, t, worded } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { Facts, FailedScreen, Failure, H1, Loading, RowLink, Tag, useAct, useData } from '../../kit/ui.js';
import { me, useLive } from '../state.js';
import { UseList } from './uses.js';
import { cardKind, stateChip } from './wallet.js';

/** From here the level of assurance lets the whole document out; below, the person is confirmed first. */
const REAL_NAME = 2;

const SEAL_TONES = { valid: 'ok', invalid: 'bad' };

function Download({ licence }) {
  const sure = (me.value?.assurance ?? REAL_NAME) >= REAL_NAME;
  const file = { href: licence.document_url, download: `${licence.name}.ofd` };
  const confirm = { href: `#/confirm?next=${encodeURIComponent(location.hash.slice(1))}` };
  return html`
    <a class="btn sec block" ...${sure ? file : confirm}>${t('licence.download')}</a>
    <p class="hint">${t('licence.downloadHint')}</p>
  `;
}

export default function Licence({ params }) {
  const path = `/api/citizen/licences/${params.id}`;
  const found = useData(() => get(path));
  const uses = useData(() => get(`${path}/uses?limit=5`));
  const past = useData(() => get(`${path}/history`));
  useLive((event) => {
    if (event.kind === 'refresh' || event.data?.licence_id === params.id) {
      found.reload();
      uses.reload();
      past.reload();
    }
  });
  if (found.error && !found.data) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  const licence = found.data;
  const [tone, words] = stateChip(licence);
  const state = worded('licenceState', licence.state, licence.state_text);
  return html`
    <${H1} text=${licence.name} />
    <div class=${`lic ${cardKind(licence)}`}>
      <span class="head"><b>${licence.holder_masked}</b><span class=${`state ${tone}`}>${words}</span></span>
      <span class="number">${licence.number_masked}</span>
      <span class="small">${licence.issuer}</span>
      <span class="small">
        ${licence.valid_to ? t('licence.until', { day: day(licence.valid_to) }) : t('licence.longTerm')}
      </span>
    </div>
    ${
      licence.showable
        ? html`
            <a class="btn block" href=${`#/qr/${licence.id}`}>${t('licence.show')}</a>
            <a class="btn sec block" href=${`#/offline/${licence.id}`}>${t('licence.offline')}</a>
          `
        : !licence.only_data && html`<p class="note bad">${t('licence.notShowable', { state })}</p>`
    }
    ${licence.origin_text && html`<p class=${licence.only_data ? 'note warn' : 'hint'}>${licence.origin_text}</p>`}
    ${
      licence.state === 'expiring' &&
      html`
      <p class="note warn">${t('licence.renew', { n: licence.days_left, day: day(licence.valid_to) })}</p>
    `
    }
    ${
      licence.showable &&
      html`
      <section class="card">
        <${RowLink} href=${`#/authorise/${licence.id}`} title=${t('licence.authorise')} text=${t('licence.authoriseHint')} />
      </section>
    `
    }
    <${Face} licence=${licence} path=${path} />
    ${past.data?.changes.length > 0 && html`<${Past} changes=${past.data.changes} />`}
    <section class="card" aria-labelledby="seal">
      <h2 id="seal">${t('licence.seal')}</h2>
      <p>
        <${Tag} tone=${SEAL_TONES[licence.seal.verdict] ?? 'warn'}>${t(`seal.${licence.seal.verdict}`)}</${Tag}>
        ${' '}${licence.seal.text}
      </p>
      ${!licence.only_data && html`<${Download} licence=${licence} />`}
    </section>
    <section class="card" aria-labelledby="looked">
      <h2 id="looked">${t('uses.title')}</h2>
      ${uses.error && html`<${Failure} error=${uses.error} retry=${uses.reload} />`}
      ${uses.data && html`<${UseList} uses=${uses.data.uses} />`}
      <${RowLink} href="#/uses" title=${t('uses.all')} />
    </section>
  `;
}

/** How its state changed: cause, authority and document of every change. */
function Past({ changes }) {
  return html`
    <section class="card" aria-labelledby="past">
      <h2 id="past">${t('licence.history')}</h2>
      <ul class="list">
        ${changes.map(
          (one) => html`
            <li class="row" key=${one.at}>
              <span class="grow">
                <b>${worded('licenceState', one.after, one.after_text)}</b>
                <small>${one.cause}</small>
                <small>${[moment(one.at), one.authority, one.document_no].join(' · ')}</small>
              </span>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

/** What the licence says: masked, because others may see the screen; whole when its holder asks. */
function Face({ licence, path }) {
  const [whole, setWhole] = useState(null);
  const act = useAct();

  async function reveal() {
    const answer = await act.run(() => post(`${path}/reveal`));
    setWhole(answer?.facts ?? null);
  }

  return html`
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">${t('licence.facts')}</h2>
      <${Facts}
        items=${[
          ...(whole ?? licence.facts).map(({ label, value }) => [label, value]),
          [t('licence.issuedOn'), day(licence.issued_on)],
        ]}
      />
      ${act.error && html`<${Failure} error=${act.error} />`}
      <p>
        ${
          whole
            ? html`<button class="btn sec sm" onClick=${() => setWhole(null)}>${t('licence.hide')}</button>`
            : html`
                <button class="btn sec sm" disabled=${act.busy} onClick=${reveal}>${t('licence.reveal')}</button>
              `
        }
      </p>
      <details>
        <summary>${t('licence.identifier')}</summary>
        <p class="mono">${licence.identifier}</p>
      </details>
    </section>
  `;
}
