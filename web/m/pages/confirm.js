// Step-up: something important is about to happen, so the person is confirmed once more.

import { html, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { Failure, H1, useAct } from '../../kit/ui.js';
import { CertificateCheck, FaceCheck } from '../proof.js';
import { me, replace } from '../state.js';

export default function Confirm({ query }) {
  const [proof, setProof] = useState(null);
  const act = useAct();

  async function begin() {
    const started = await act.run(() => post('/api/citizen/step-ups'));
    if (started) {
      setProof(started);
    }
  }

  async function confirm() {
    await post('/api/citizen/step-ups/confirmation', { proof_id: proof.proof_id });
    await done();
  }

  async function done() {
    me.value = await get('/api/citizen/me');
    replace(query.get('next') ?? '/me', t('confirm.done'));
  }

  return html`
    <${H1} text=${t('confirm.title')} />
    ${
      proof
        ? html`<${FaceCheck} proof=${proof} confirm=${confirm} />`
        : html`
      <section class="card">
        <p>${t('confirm.why')}</p>
        ${act.error && html`<${Failure} error=${act.error} />`}
        <button class="btn block" disabled=${act.busy} onClick=${begin}>${t('confirm.begin')}</button>
      </section>
      ${me.value.acting_for && html`<${CertificateCheck} name=${me.value.acting_for.name} done=${done} />`}
    `
    }
  `;
}
