// A material that a licence stands for: its fields in words, and the annotated copy (加注件) to open.

import { html, useState } from '../vendor/preact-htm.js';
import { moment } from '../kit/i18n.js';
import { post } from '../kit/api.js';
import { Facts, Failure, useAct } from '../kit/ui.js';

/** The original is never offered: what may be kept is the copy, made out for this case. */
export function LicenceCopy({ caseId, material }) {
  const [copy, setCopy] = useState(null);
  const act = useAct();
  const { licence } = material;
  const path = `/api/staff/cases/${caseId}/materials/${encodeURIComponent(material.code)}/licence-copy`;

  async function open() {
    setCopy((await act.run(() => post(path))) ?? null);
  }

  return html`
    <p class="muted">${licence.name} <span class="mono">${licence.number_masked}</span></p>
    ${!copy && licence.face?.length > 0 && html`<${Facts} items=${licence.face.map(({ label, value }) => [label, value])} />`}
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${
      copy
        ? html`<${Opened} copy=${copy} />`
        : html`
      <p><button class="btn sec sm" disabled=${act.busy} onClick=${open}>打开加注件：${material.name}</button></p>
      <p class="hint">打开后持证人会收到提醒，并记入其证照使用记录。</p>
    `
    }
  `;
}

function Opened({ copy }) {
  return html`
    <section class="note" aria-label=${`加注件：${copy.licence_name}`}>
      <h3>${copy.licence_name}（加注件）</h3>
      <${Facts} items=${copy.fields.map(({ label, value }) => [label, value])} />
      <ul>${copy.annotation.map((line) => html`<li key=${line}>${line}</li>`)}</ul>
      <p class="muted">制作时间 ${moment(copy.made_at)}</p>
      <p><a class="btn sec sm" href=${copy.document_url} download>下载盖章的加注件（OFD）</a></p>
    </section>
  `;
}
