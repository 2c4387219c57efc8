// My licences as cards; colour by kind, state in words.

import { html } from '../../vendor/preact-htm.js';
import { day, t, worded } from '../../kit/i18n.js';
import { More, useList } from '../../kit/list.js';
import { FailedScreen, H1, Loading, RowLink } from '../../kit/ui.js';
import { me, useLive } from '../state.js';
import { Wards } from '../wards.js';

const SOON_DAYS = 60;
/** Below more cards than these nobody finds who looked: the links stand above them then. */
const FEW = 6;
const BUSINESS = ['BL', 'ROAD'];
const PERMITS = ['FOOD', 'PUB', 'CON', 'LUP', 'CPP', 'DRAIN', 'HLTH'];

export default function Wallet() {
  const found = useList('/api/citizen/licences', { name: 'licences', who: me.value?.acting_for?.id });
  useLive(found.reload);
  if (found.error && !found.items) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.items) {
    return html`<${Loading} />`;
  }
  const licences = found.items;
  const holder = me.value?.acting_for?.name ?? me.value?.name;
  const many = licences.length > FEW;
  return html`
    <${H1} text=${t('wallet.heading', { name: holder })} />
    ${many && html`<${Links} />`}
    ${licences.length === 0 && html`<section class="card"><p>${t('wallet.none')}</p></section>`}
    ${licences.map((licence) => html`<${Card} key=${licence.id} licence=${licence} />`)}
    <${More} list=${found} />
    <${Wards} />
    ${!many && html`<${Links} />`}
  `;
}

function Links() {
  return html`
    <section class="card">
      <${RowLink} href="#/uses" title=${t('uses.title')} text=${t('uses.hint')} />
      <${RowLink} href="#/authorisations" title=${t('grants.title')} text=${t('grants.hint')} />
    </section>
  `;
}

/** Gradient by kind of licence; grey for what may not be used any more. */
export function cardKind(licence) {
  if (['revoked', 'withdrawn', 'cancelled', 'superseded', 'expired'].includes(licence.state)) {
    return 'gone';
  }
  if (BUSINESS.includes(licence.type)) {
    return 'business';
  }
  return PERMITS.includes(licence.type) ? 'permit' : 'identity';
}

/** State as a sign and a word: ✓ 有效, ! 38 天后到期, ✕ 已吊销. */
export function stateChip(licence) {
  if (licence.state === 'valid' && licence.days_left !== null && licence.days_left <= SOON_DAYS) {
    return ['warn', `! ${t('licence.soon', { n: licence.days_left })}`];
  }
  if (licence.state === 'expiring') {
    return ['warn', `! ${t('licence.soon', { n: licence.days_left })}`];
  }
  if (licence.state === 'valid') {
    return ['ok', `✓ ${worded('licenceState', licence.state, licence.state_text)}`];
  }
  return [
    licence.state === 'suspended' ? 'warn' : 'bad',
    `✕ ${worded('licenceState', licence.state, licence.state_text)}`,
  ];
}

function Card({ licence }) {
  const [tone, words] = stateChip(licence);
  return html`
    <a class=${`lic ${cardKind(licence)}`} href=${`#/licence/${licence.id}`}>
      <span class="head"><b>${licence.name}</b><span class=${`state ${tone}`}>${words}</span></span>
      <span class="number">${licence.number_masked}</span>
      <span class="small">${licence.issuer}</span>
      <span class="small">
        ${licence.valid_to ? t('licence.until', { day: day(licence.valid_to) }) : t('licence.longTerm')}
      </span>
      ${licence.showable && html`<b class="small">${t('wallet.open')} ›</b>`}
    </a>
  `;
}
