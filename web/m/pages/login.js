// Sign in. In the demo anybody of the sample town can be chosen; elsewhere the app around us signs in.

import { html } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { demo, replace, welcome } from '../state.js';

export default function Login({ query }) {
  const next = query.get('next') ?? '/';
  return html`
    <${H1} text=${t('login.heading')} />
    ${demo ? html`<${DemoAccounts} next=${next} />` : html`<${HowTo} />`}
  `;
}

function HowTo() {
  return html`
    <section class="card">
      <p>${t('login.how')}</p>
      <ol class="plainlist">
        <li>${t('login.how1')}</li>
        <li>${t('login.how2')}</li>
        <li>${t('login.how3')}</li>
      </ol>
    </section>
  `;
}

function DemoAccounts({ next }) {
  const accounts = useData(() => get('/api/citizen/sign-in/demo'));
  const act = useAct();

  async function signIn(account) {
    const session = await act.run(() =>
      post('/api/citizen/sessions', { platform: 'sandbox', code: account.code }),
    );
    if (session) {
      await welcome(session.me);
      replace(next);
    }
  }

  return html`
    <p class="note">${t('login.demo')}</p>
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${accounts.error && html`<${Failure} error=${accounts.error} retry=${accounts.reload} />`}
    ${!accounts.data && !accounts.error && html`<${Loading} />`}
    ${accounts.data && html`
      <section class="card" aria-label=${t('login.choose')}>
        <ul class="list">
          ${accounts.data.accounts.map(
            (account) => html`
              <li key=${account.key}>
                <button class="row" disabled=${act.busy} onClick=${() => signIn(account)}>
                  <span class="grow"><b>${account.name}</b><small>${account.story}</small></span>
                  <span class="go" aria-hidden="true">›</span>
                </button>
              </li>
            `,
          )}
        </ul>
      </section>
    `}
  `;
}
