// Proofs that were started: a face check, made where the platform makes it; an enterprise certificate.

import { html, useState } from '../vendor/preact-htm.js';
import { t } from '../kit/i18n.js';
import { post } from '../kit/api.js';
import { askShell, hostKind } from '../kit/host.js';
import { certificatesIn, certificateText, signatureText } from '../kit/pem.js';
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
      ${
        proof.params.url
          ? html`<a class="btn sec block" href=${proof.params.url} target="_blank" rel="noopener">${t('proof.open')}</a>`
          : native
            ? html`<button class="btn sec block" disabled=${act.busy} onClick=${look}>${t('proof.open')}</button>`
            : html`<p class="note">${t('proof.inApp')}</p>`
      }
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn block" disabled=${act.busy} onClick=${() => act.run(confirm)}>${t('proof.done')}</button>
    </section>
  `;
}

const LARGEST_FILE = 8 * 1024;

/** The certificate's own software signs the words; the page takes its answer. For offices, at a desk. */
export function CertificateCheck({ name, done }) {
  const [challenge, setChallenge] = useState(null);
  const [certificate, setCertificate] = useState('');
  const [signature, setSignature] = useState('');
  const act = useAct();

  async function begin() {
    const started = await act.run(() => post('/api/citizen/certificate-step-ups/'));
    if (started) {
      setChallenge(started);
    }
  }

  async function send(event) {
    event.preventDefault();
    const body = {
      challenge_id: challenge.challenge_id,
      certificates: certificatesIn(certificate),
      signature,
    };
    const sent = await act.run(() => post('/api/citizen/certificate-step-ups/confirmation', body).then(() => true));
    if (sent) {
      await done();
    } else {
      setChallenge(null);
      setSignature('');
    }
  }

  return html`
    <section class="card" aria-labelledby="certificate">
      <h2 id="certificate">${t('certificate.title')}</h2>
      <p>${t('certificate.why', { name })}</p>
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${
        challenge
          ? html`
        <form class="stack" onSubmit=${send}>
          <${Words} words=${challenge.to_sign} />
          <p><b>${t('certificate.second')}</b></p>
          <${FileOrText} id="certificate-file" label=${t('certificate.certificate')} hint=${t('certificate.certificateHint')}
            accept=".cer,.crt,.der,.pem,.p7b" read=${certificateText} value=${certificate} set=${setCertificate} />
          <p><b>${t('certificate.third')}</b></p>
          <${FileOrText} id="signature-file" label=${t('certificate.signature')} hint=${t('certificate.signatureHint')}
            accept=".sig,.sgn,.txt,.dat,.bin" read=${signatureText} value=${signature} set=${setSignature} />
          <button class="btn block" disabled=${act.busy || !certificate || !signature}>${t('certificate.send')}</button>
          <p class="hint">${t('certificate.time')}</p>
        </form>
      `
          : html`
        <button class="btn sec block" disabled=${act.busy} onClick=${begin}>${t('certificate.begin')}</button>
      `
      }
    </section>
  `;
}

/** What is to be signed: as a file, which most software wants, or copied. */
function Words({ words }) {
  const [copied, setCopied] = useState(false);

  async function copy() {
    await navigator.clipboard.writeText(words);
    setCopied(true);
  }

  return html`
    <p><b>${t('certificate.first')}</b></p>
    <p class="hint">${t('certificate.firstHint')}</p>
    <a class="btn sec block" download="yunjian-sign.txt" href=${asFile(words)}>${t('certificate.save')}</a>
    <button type="button" class="btn sec block" onClick=${copy}>${t(copied ? 'certificate.copied' : 'certificate.copy')}</button>
    <details><summary>${t('certificate.words')}</summary><pre class="words" tabindex="0">${words}</pre></details>
  `;
}

/** The words exactly, without a line end that an editor would add. */
function asFile(words) {
  return `data:application/octet-stream;charset=utf-8,${encodeURIComponent(words)}`;
}

/** Choose a file; whoever has only text pastes it. */
function FileOrText({ id, label, hint, accept, read, value, set }) {
  const [name, setName] = useState('');
  const [wrong, setWrong] = useState(false);

  async function choose(event) {
    const [file] = event.target.files;
    if (!file) {
      return;
    }
    const fits = file.size > 0 && file.size <= LARGEST_FILE;
    setWrong(!fits);
    setName(fits ? file.name : '');
    set(fits ? await read(file) : '');
  }

  function paste(event) {
    setWrong(false);
    setName('');
    set(event.target.value.trim());
  }

  return html`
    <div class="field">
      <p class="hint" id=${`${id}-hint`}>${hint}</p>
      <input class="vh pick" type="file" id=${id} accept=${accept} aria-describedby=${`${id}-hint`} onChange=${choose} />
      <label class="btn sec block" for=${id}>${t('certificate.choose', { what: label })}</label>
      <div role="status">
        ${wrong && html`<p class="note bad">${t('certificate.wrongFile')}</p>`}
        ${name && html`<p class="note ok">✓ ${t('certificate.chosen', { name })}</p>`}
      </div>
      <details>
        <summary>${t('certificate.paste', { what: label })}</summary>
        <textarea class="in" rows="4" aria-label=${label} value=${name ? '' : value} onInput=${paste}></textarea>
      </details>
    </div>
  `;
}
