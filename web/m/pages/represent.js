// To become known as who represents a company: its business licence in the register decides.

import { html, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { Failure, H1, useAct } from '../../kit/ui.js';
import { me } from '../state.js';

const RELATIONS = {
  legal_representative: 'represent.isLegal',
  agent: 'represent.isAgent',
  guardian: 'represent.isGuardian',
};

export default function Represent() {
  const [code, setCode] = useState('');
  const [done, setDone] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    setDone('');
    await act.run(async () => {
      await post('/api/citizen/representations', { uscc: code.trim().toUpperCase() });
      me.value = await get('/api/citizen/me');
      setCode('');
      setDone(t('represent.done'));
    });
  }

  return html`
    <${H1} text=${t('represent.title')} />
    <section class="card" aria-label=${t('represent.title')}>
      ${me.value.organisations.length === 0 && html`<p>${t('represent.none')}</p>`}
      <ul class="list">
        ${me.value.organisations.map(
          ({ id, name, relation }) => html`
          <li key=${id} class="row"><span class="grow"><b>${name}</b><small>${t(RELATIONS[relation])}</small></span></li>
        `,
        )}
      </ul>
    </section>
    <form class="card" onSubmit=${submit}>
      <h2>${t('represent.claim')}</h2>
      <p>${t('represent.why')}</p>
      <div class="field">
        <label for="r-code">${t('represent.code')}</label>
        <input id="r-code" class="in mono" required minlength="18" maxlength="20" autocomplete="off" value=${code} onInput=${(event) => setCode(event.target.value)} />
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <p role="status">${done}</p>
      <button class="btn block" disabled=${act.busy}>${t('represent.claim')}</button>
    </form>
  `;
}
