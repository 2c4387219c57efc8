// First visit with an account nobody is bound to: name, number, face, and it is theirs for good.

import { html, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { Failure, H1, useAct } from '../../kit/ui.js';
import { FaceCheck } from '../proof.js';
import { replace, welcome } from '../state.js';

export default function Bind({ query }) {
  const [name, setName] = useState('');
  const [number, setNumber] = useState('');
  const [proof, setProof] = useState(null);
  const act = useAct();

  async function begin(event) {
    event.preventDefault();
    const body = { ticket: query.get('ticket') ?? '', name: name.trim(), id_no: number.trim().toUpperCase() };
    const started = await act.run(() => post('/api/citizen/bindings', body));
    if (started) {
      setProof(started);
    }
  }

  async function confirm() {
    await post('/api/citizen/bindings/confirmation', { proof_id: proof.proof_id });
    await welcome(await get('/api/citizen/me'));
    replace(query.get('next') ?? '/', t('bind.done'));
  }

  return html`
    <${H1} text=${t('bind.title')} />
    <p>${t('bind.why')}</p>
    ${
      proof
        ? html`<${FaceCheck} proof=${proof} confirm=${confirm} />`
        : html`
      <form class="card" onSubmit=${begin}>
        <div class="field">
          <label for="name">${t('me.name')}</label>
          <input id="name" class="in" autocomplete="name" required maxlength="60" value=${name} onInput=${(event) => setName(event.target.value)} />
        </div>
        <div class="field">
          <label for="number">${t('me.idNo')}</label>
          <input id="number" class="in" required minlength="15" maxlength="18" autocomplete="off" value=${number} onInput=${(event) => setNumber(event.target.value)} />
        </div>
        ${act.error && html`<${Failure} error=${act.error} />`}
        <button class="btn block" disabled=${act.busy}>${t('next')}</button>
      </form>
    `
    }
  `;
}
