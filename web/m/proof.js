// A face check that was started: open it where it is made, then let the server ask the platform.

import { html } from '../vendor/preact-htm.js';
import { t } from '../kit/i18n.js';
import { Failure, useAct } from '../kit/ui.js';

/** `confirm` is called when the person says it is done; what counts is the platform's own answer. */
export function FaceCheck({ proof, confirm }) {
  const act = useAct();
  return html`
    <section class="card" aria-labelledby="face">
      <h2 id="face">${t('proof.face')}</h2>
      <p>${t('proof.how')}</p>
      ${proof.params.url
        ? html`<a class="btn sec block" href=${proof.params.url} target="_blank" rel="noopener">${t('proof.open')}</a>`
        : html`<p class="note">${t('proof.inApp')}</p>`}
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn block" disabled=${act.busy} onClick=${() => act.run(confirm)}>${t('proof.done')}</button>
    </section>
  `;
}
