// The accounts that lead to this person: which there are, give one up, add a phone.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { del, get, post } from '../../kit/api.js';
import { Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';

export default function Accounts() {
  const found = useData(() => get('/api/citizen/accounts'));
  const act = useAct();

  async function unbind(account) {
    await act.run(() => del(`/api/citizen/accounts/${account.id}`));
    found.reload();
  }

  return html`
    <${H1} text=${t('accounts.title')} />
    <p class="muted">${t('accounts.hint')}</p>
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${found.error && !found.data && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.data && !found.error && html`<${Loading} />`}
    ${
      found.data &&
      html`
      <section class="card" aria-label=${t('accounts.title')}>
        <ul class="list">
          ${found.data.accounts.map(
            (account) => html`
            <li key=${account.id} class="row">
              <span class="grow">
                <b>${t(`via.${account.platform}`)} ${account.label}</b>
                <small>${t('accounts.used', { at: moment(account.last_used_at) })}</small>
              </span>
              <button class="btn sec sm" disabled=${act.busy} onClick=${() => unbind(account)}>${t('accounts.unbind')}</button>
            </li>
          `,
          )}
        </ul>
      </section>
      <${AddPhone} added=${found.reload} />
    `
    }
  `;
}

function AddPhone({ added }) {
  const [phone, setPhone] = useState('');
  const [digits, setDigits] = useState('');
  const [challenge, setChallenge] = useState(null);
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    await act.run(async () => {
      if (!challenge) {
        setChallenge((await post('/api/citizen/sign-in/sms', { phone: phone.trim() })).challenge);
        return;
      }
      await post('/api/citizen/accounts', { platform: 'browser', code: `${challenge}:${digits.trim()}` });
      setChallenge(null);
      setDigits('');
      added();
    });
  }

  return html`
    <form class="card" onSubmit=${submit}>
      <h2>${t('accounts.addPhone')}</h2>
      <div class="field">
        <label for="new-phone">${t('login.phone')}</label>
        <input id="new-phone" class="in" type="tel" inputmode="numeric" required maxlength="11" value=${phone} onInput=${(event) => setPhone(event.target.value)} />
      </div>
      ${
        challenge &&
        html`
        <div class="field">
          <label for="new-digits">${t('login.digits')}</label>
          <input id="new-digits" class="in" inputmode="numeric" autocomplete="one-time-code" required maxlength="6" value=${digits} onInput=${(event) => setDigits(event.target.value)} />
        </div>
      `
      }
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn block" disabled=${act.busy}>${t(challenge ? 'accounts.bind' : 'login.sendCode')}</button>
    </form>
  `;
}
