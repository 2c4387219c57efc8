// Sign in: by an app that knows the real name, by a text message, or, in the demo, as one of its people.

import { html, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, post, withQuery } from '../../kit/api.js';
import { channel } from '../../kit/host.js';
import { Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { demo, go, replace, welcome } from '../state.js';

export default function Login({ query }) {
  const next = query.get('next') ?? '/';
  const refused = query.get('refused');
  const ways = useData(() => get('/api/citizen/sign-in/ways'));
  return html`
    <${H1} text=${t('login.heading')} />
    ${refused && html`<div class="note bad" role="alert"><b>${t('login.refused')}</b></div>`}
    ${ways.error && html`<${Failure} error=${ways.error} retry=${ways.reload} />`}
    ${!ways.data && !ways.error && html`<${Loading} />`}
    ${ways.data && html`<${Ways} ways=${ways.data.ways} next=${next} />`}
  `;
}

function Ways({ ways, next }) {
  const apps = ways.filter((way) => way.kind === 'redirect');
  return html`
    ${
      apps.length > 0 &&
      html`
      <section class="card" aria-labelledby="apps">
        <h2 id="apps">${t('login.apps')}</h2>
        <p class="hint">${t('login.appsHint')}</p>
        ${apps.map(
          (way) => html`
          <a key=${way.platform} class="btn sec block" href=${withQuery(way.url, { next })}>${t(`way.${way.platform}`)}</a>
        `,
        )}
      </section>
    `
    }
    ${ways.some((way) => way.kind === 'sms') && html`<${ByPhone} next=${next} />`}
    ${demo && ways.some((way) => way.kind === 'demo') && html`<${DemoAccounts} next=${next} />`}
  `;
}

function ByPhone({ next }) {
  const [phone, setPhone] = useState('');
  const [digits, setDigits] = useState('');
  const [challenge, setChallenge] = useState(null);
  const act = useAct();

  async function ask(event) {
    event.preventDefault();
    const asked = await act.run(() => post('/api/citizen/sign-in/sms', { phone: phone.trim() }));
    if (asked) {
      setChallenge(asked.challenge);
    }
  }

  async function enter(event) {
    event.preventDefault();
    await act.run(async () => {
      try {
        const session = await post('/api/citizen/sessions', {
          platform: 'browser',
          code: `${challenge}:${digits.trim()}`,
          channel: channel(),
        });
        await welcome(session.me);
        replace(next);
      } catch (error) {
        if (error.slug !== 'account-not-bound' || !error.members.binding) {
          throw error;
        }
        go(`/bind?${new URLSearchParams({ ticket: error.members.binding, platform: 'browser', next })}`);
      }
    });
  }

  return html`
    <section class="card" aria-labelledby="by-phone">
      <h2 id="by-phone">${t('way.browser')}</h2>
      <form class="stack" onSubmit=${challenge ? enter : ask}>
        <div class="field">
          <label for="phone">${t('login.phone')}</label>
          <input id="phone" class="in" type="tel" inputmode="numeric" autocomplete="tel-national" required maxlength="11"
            value=${phone} readonly=${Boolean(challenge)} onInput=${(event) => setPhone(event.target.value)} />
        </div>
        ${
          challenge &&
          html`
          <div class="field">
            <label for="digits">${t('login.digits')}</label>
            <p class="hint">${t('login.digitsHint')}</p>
            <input id="digits" class="in" inputmode="numeric" autocomplete="one-time-code" required maxlength="6"
              value=${digits} onInput=${(event) => setDigits(event.target.value)} />
          </div>
        `
        }
        ${act.error && html`<${Failure} error=${act.error} />`}
        <button class="btn block" disabled=${act.busy}>${t(challenge ? 'login.title' : 'login.sendCode')}</button>
      </form>
    </section>
  `;
}

function DemoAccounts({ next }) {
  const accounts = useData(() => get('/api/citizen/sign-in/demo'));
  const act = useAct();

  async function signIn(account) {
    const session = await act.run(() =>
      post('/api/citizen/sessions', { platform: 'sandbox', code: account.code, channel: channel() }),
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
    ${
      accounts.data &&
      html`
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
    `
    }
  `;
}
