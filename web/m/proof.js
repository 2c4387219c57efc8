// Proofs that were started: a face check, made where the platform makes it; an enterprise certificate.

import { html, useState } from '../vendor/preact-htm.js';
import { t } from '../kit/i18n.js';
import { post } from '../kit/api.js';
import { askShell, hostKind } from '../kit/host.js';
import { Failure, useAct } from '../kit/ui.js';

/** `confirm` is called when the person says it is done; what counts is the platform's own answer. */
export function FaceCheck({ proof, confirm }) {
  const act = useAct();
  const native = proof.params.verify_id && hostKind() === 'wechat';

  async function look() {
    const query = { verify_id: proof.params.verify_id };
    const left = await act.run(() => askShell('face', ['id', proof.proof_id], query));
    if (left?.outcome) {
      await act.run(confirm);
    }
  }

  return html`
    <section class="card" aria-labelledby="face">
      <h2 id="face">${t('proof.face')}</h2>
      <p>${t('proof.how')}</p>
      ${proof.params.url
        ? html`<a class="btn sec block" href=${proof.params.url} target="_blank" rel="noopener">${t('proof.open')}</a>`
        : native
          ? html`<button class="btn sec block" disabled=${act.busy} onClick=${look}>${t('proof.open')}</button>`
          : html`<p class="note">${t('proof.inApp')}</p>`}
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn block" disabled=${act.busy} onClick=${() => act.run(confirm)}>${t('proof.done')}</button>
    </section>
  `;
}

/** The certificate's own software signs the words; the page takes its answer. For offices, at a desk. */
export function CertificateCheck({ name, done }) {
  const [challenge, setChallenge] = useState(null);
  const [copied, setCopied] = useState(false);
  const act = useAct();

  async function begin() {
    const started = await act.run(() => post('/api/citizen/certificate-step-ups/'));
    if (started) {
      setChallenge(started);
    }
  }

  async function copy() {
    await navigator.clipboard.writeText(challenge.to_sign);
    setCopied(true);
  }

  async function send(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    const body = {
      challenge_id: challenge.challenge_id,
      certificates: [String(fields.get('certificate'))],
      signature: String(fields.get('signature')),
    };
    const sent = await act.run(() => post('/api/citizen/certificate-step-ups/confirmation', body).then(() => true));
    if (sent) {
      await done();
    } else {
      setChallenge(null);
    }
  }

  return html`
    <section class="card" aria-labelledby="certificate">
      <h2 id="certificate">${t('certificate.title')}</h2>
      <p>${t('certificate.why', { name })}</p>
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${challenge ? html`
        <form class="stack" onSubmit=${send}>
          <p><b>${t('certificate.first')}</b></p>
          <pre class="words" tabindex="0">${challenge.to_sign}</pre>
          <button type="button" class="btn sec block" onClick=${copy}>
            ${t(copied ? 'certificate.copied' : 'certificate.copy')}
          </button>
          <p><b>${t('certificate.second')}</b></p>
          <div class="field">
            <label for="f-certificate">${t('certificate.certificate')}</label>
            <textarea class="in" id="f-certificate" name="certificate" rows="4" required></textarea>
          </div>
          <div class="field">
            <label for="f-signature">${t('certificate.signature')}</label>
            <textarea class="in" id="f-signature" name="signature" rows="3" required></textarea>
          </div>
          <button class="btn block" disabled=${act.busy}>${t('certificate.send')}</button>
        </form>
      ` : html`
        <button class="btn sec block" disabled=${act.busy} onClick=${begin}>${t('certificate.begin')}</button>
      `}
    </section>
  `;
}
