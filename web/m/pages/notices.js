// What I am told by, and when nothing may ring: channels, quiet hours, an e-mail address.

import { html, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { del, get, post, put } from '../../kit/api.js';
import { FailedScreen, Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';

const PATH = '/api/citizen/notices';
const NIGHT = { quiet_from: '22:00', quiet_until: '07:30' };

export default function Notices() {
  const found = useData(() => get(PATH));
  if (found.error && !found.data) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  return html`
    <${H1} text=${t('notices.title')} />
    <p class="muted">${t('notices.always')}</p>
    <${Wishes} notices=${found.data} changed=${found.set} />
    <${Email} address=${found.data.email} changed=${found.set} reload=${found.reload} />
  `;
}

function Wishes({ notices, changed }) {
  const { subscription, sms, quiet_from: from, quiet_until: until } = notices;
  const [wishes, setWishes] = useState({ subscription, sms, quiet_from: from, quiet_until: until });
  const [saved, setSaved] = useState(false);
  const act = useAct();
  const quiet = wishes.quiet_from !== null;

  function wish(values) {
    setSaved(false);
    setWishes((before) => ({ ...before, ...values }));
  }

  async function save(event) {
    event.preventDefault();
    const now = await act.run(() => put(PATH, wishes));
    if (now) {
      changed(now);
      setSaved(true);
    }
  }

  return html`
    <form class="card form" onSubmit=${save}>
      <fieldset class="field">
        <legend><h2>${t('notices.by')}</h2></legend>
        <${Check} label=${t('notices.app')} checked=${wishes.subscription} change=${(on) => wish({ subscription: on })} />
        <${Check} label=${t('notices.sms')} checked=${wishes.sms} change=${(on) => wish({ sms: on })} />
      </fieldset>
      <fieldset class="field">
        <legend><h2>${t('notices.quiet')}</h2></legend>
        <p class="hint">${t('notices.quietHint')}</p>
        <${Check}
          label=${t('notices.quietOn')}
          checked=${quiet}
          change=${(on) => wish(on ? NIGHT : { quiet_from: null, quiet_until: null })}
        />
        ${
          quiet &&
          html`
          <${Time} id="quiet-from" label=${t('notices.from')} value=${wishes.quiet_from} change=${(value) => wish({ quiet_from: value })} />
          <${Time} id="quiet-until" label=${t('notices.until')} value=${wishes.quiet_until} change=${(value) => wish({ quiet_until: value })} />
        `
        }
      </fieldset>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div role="status">${saved && html`<p class="note ok">${t('notices.saved')}</p>`}</div>
      <button class="btn block" disabled=${act.busy}>${t('notices.save')}</button>
    </form>
  `;
}

function Check({ label, checked, change }) {
  return html`
    <label class="choice">
      <input type="checkbox" checked=${checked} onChange=${(event) => change(event.target.checked)} />
      ${label}
    </label>
  `;
}

function Time({ id, label, value, change }) {
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <input class="in" id=${id} type="time" required value=${value} onInput=${(event) => change(event.target.value)} />
    </div>
  `;
}

function Email({ address, changed, reload }) {
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState(null);
  const [code, setCode] = useState('');
  const act = useAct();

  async function ask(event) {
    event.preventDefault();
    const answer = await act.run(async () => {
      await post(`${PATH}/email`, { address: typed.trim() });
      return typed.trim();
    });
    setAsked(answer ?? asked);
  }

  async function confirm(event) {
    event.preventDefault();
    const now = await act.run(() => post(`${PATH}/email/confirmation`, { code: code.trim() }));
    if (now) {
      setAsked(null);
      setTyped('');
      setCode('');
      changed(now);
    }
  }

  async function remove() {
    await act.run(() => del(`${PATH}/email`));
    reload();
  }

  return html`
    <section class="card" aria-labelledby="email-title">
      <h2 id="email-title">${t('notices.email')}</h2>
      ${
        address
          ? html`
            <p>${t('notices.emailIs', { address })}</p>
            <p><button class="btn sec sm" disabled=${act.busy} onClick=${remove}>${t('notices.emailRemove')}</button></p>
          `
          : html`
            <form class="form" onSubmit=${ask}>
              <div class="field">
                <label for="email">${t('notices.emailAddress')}</label>
                <input class="in" id="email" type="email" autocomplete="email" required maxlength="254" value=${typed} onInput=${(event) => setTyped(event.target.value)} />
              </div>
              <button class="btn sec" disabled=${act.busy}>${t('notices.emailAsk')}</button>
            </form>
          `
      }
      ${
        asked &&
        !address &&
        html`
        <form class="form" onSubmit=${confirm}>
          <p role="status" class="note ok">${t('notices.emailSent', { address: asked })}</p>
          <div class="field">
            <label for="email-code">${t('notices.emailCode')}</label>
            <input class="in" id="email-code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" required value=${code} onInput=${(event) => setCode(event.target.value)} />
          </div>
          <button class="btn" disabled=${act.busy}>${t('notices.emailConfirm')}</button>
        </form>
      `
      }
      ${act.error && html`<${Failure} error=${act.error} />`}
    </section>
  `;
}
