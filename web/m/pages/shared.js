// Somebody was given a link: the code opens it, once.

import { html, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { post } from '../../kit/api.js';
import { Failure, H1, useAct } from '../../kit/ui.js';
import { Seen } from './authorisations.js';

export default function Shared({ params }) {
  const [code, setCode] = useState('');
  const [seen, setSeen] = useState(null);
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    setSeen((await act.run(() => post('/api/shared', { token: params.token, code }))) ?? null);
  }

  return html`
    <${H1} text=${t('shared.title')} />
    <p class="muted">${t('shared.meaning')}</p>
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${seen && html`<section class="card"><${Seen} seen=${seen} /></section>`}
    ${
      !seen &&
      html`
      <form class="card form" onSubmit=${submit}>
        <div class="field">
          <label for="code">${t('grants.code')}</label>
          <input
            class="in mono"
            id="code"
            required
            maxlength="16"
            autocomplete="off"
            value=${code}
            onInput=${(event) => setCode(event.target.value)}
          />
        </div>
        <button class="btn block" disabled=${act.busy}>${t('shared.open')}</button>
      </form>
    `
    }
  `;
}
