// Show a licence without network: choose what the code holds, then a code that renews itself with
// the phone's own key, for as long as the pass lives.

import { html, useEffect, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { keepAwake } from '../../kit/host.js';
import { svgOf } from '../../kit/qr-code.js';
import { Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { RENEW_SECONDS, dropPass, fetchPass, keptPass, showPass } from '../phone.js';
import { go, me } from '../state.js';

const TICK_MS = 1000;

export default function Offline({ params }) {
  const kept = useData(() => keptPass(params.id).then((pass) => ({ pass })));
  const [chosen, setChosen] = useState(null);
  useEffect(() => {
    // Only who shows passes needs the page itself without network.
    navigator.serviceWorker?.register('/m/sw.js').catch(() => undefined);
  }, []);
  const pass = chosen ?? kept.data?.pass ?? null;
  const alive = pass && pass.expiresAt > Date.now();

  async function drop() {
    await dropPass(params.id);
    setChosen(null);
    kept.set({ pass: null });
  }

  return html`
    <${H1} text=${pass?.name ?? t('offline.title')} />
    ${!kept.data && html`<${Loading} />`}
    ${kept.data && alive && html`<${Shown} key=${pass.expiresAt} pass=${pass} drop=${drop} />`}
    ${
      kept.data &&
      !alive &&
      html`
      ${pass && html`<p class="note warn">${t('offline.ended')}</p>`}
      <${Choice} id=${params.id} made=${setChosen} />
    `
    }
    <div class="bar">
      <button class="btn" onClick=${() => go(`/licence/${params.id}`)}>${t(alive ? 'qr.stop' : 'back')}</button>
    </div>
  `;
}

/** Which fields go in; name, number and last day always do. */
function Choice({ id, made }) {
  const found = useData(() =>
    Promise.all([get(`/api/citizen/licences/${id}`), get(`/api/citizen/licences/${id}/pass-fields`)]).then(
      ([licence, { fields }]) => ({ licence, fields }),
    ),
  );
  const [left, setLeft] = useState([]);
  const act = useAct();

  if (found.error) {
    const error = found.error.slug === 'offline' ? { title: t('offline.none') } : found.error;
    return html`<${Failure} error=${error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  const { licence, fields } = found.data;

  async function make(event) {
    event.preventDefault();
    const wanted = fields.map(({ key }) => key).filter((key) => !left.includes(key));
    const pass = await act.run(() => fetchPass(licence, wanted));
    if (pass) {
      localStorage.setItem('passes-of', me.value?.id ?? '');
      made(pass);
    }
  }

  return html`
    <form class="card form" onSubmit=${make}>
      <fieldset class="field">
        <legend>${t('offline.choose')}</legend>
        <p class="hint">${t('offline.always')}</p>
        ${fields.length === 0 && html`<p>${t('offline.nothing')}</p>`}
        ${fields.map(
          ({ key, label, value }) => html`
            <label class="choice">
              <input
                type="checkbox"
                checked=${!left.includes(key)}
                onChange=${(event) =>
                  setLeft(event.target.checked ? left.filter((one) => one !== key) : [...left, key])}
              />
              <span>${label}<br /><small>${value}</small></span>
            </label>
          `,
        )}
      </fieldset>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn block" disabled=${act.busy}>${t('offline.make')}</button>
    </form>
  `;
}

/** The code and its clock. A new proof every thirty seconds; the network is not asked. */
function Shown({ pass, drop }) {
  const [code, setCode] = useState(null);
  const [left, setLeft] = useState(RENEW_SECONDS);
  const [ended, setEnded] = useState(false);
  const [trouble, setTrouble] = useState(null);

  useEffect(() => {
    let renewAt = 0;
    let gone = false;
    async function tick() {
      if (Date.now() >= pass.expiresAt) {
        setEnded(true);
        return;
      }
      if (performance.now() >= renewAt) {
        renewAt = performance.now() + RENEW_SECONDS * 1000;
        const text = await showPass(pass).catch((error) => setTrouble(error));
        if (text && !gone) {
          setCode(text);
        }
      }
      setLeft(Math.max(0, Math.ceil((renewAt - performance.now()) / 1000)));
    }
    // A sleeping phone wakes with a fresh code, not with the one it fell asleep on.
    const wake = () => {
      if (!document.hidden) {
        renewAt = 0;
        tick();
      }
    };
    tick();
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener('visibilitychange', wake);
    const letGo = keepAwake();
    return async () => {
      gone = true;
      clearInterval(timer);
      document.removeEventListener('visibilitychange', wake);
      (await letGo)();
    };
  }, [pass]);

  if (ended) {
    return html`<p class="note warn" role="alert">${t('offline.ended')}</p>`;
  }
  if (trouble) {
    return html`<${Failure} error=${{ title: t('offline.none') }} retry=${drop} />`;
  }
  return html`
    <div class="code" data-code=${code}><${Picture} text=${code} /></div>
    <p aria-hidden="true"><b>${left}</b> ${t('offline.countdown')}</p>
    <progress max=${RENEW_SECONDS} value=${left} aria-label=${t('qr.countdownLabel')}></progress>
    <p class="hint">${t(pass.text ? 'offline.unbound' : 'offline.bound')}</p>
    <p class="hint">${t('offline.until', { time: clockTime(pass.expiresAt) })}</p>
    <button class="btn sec block" onClick=${drop}>${t('offline.again')}</button>
  `;
}

function Picture({ text }) {
  if (!text) {
    return html`<p role="status">${t('qr.making')}</p>`;
  }
  return html`<img src=${`data:image/svg+xml,${encodeURIComponent(svgOf(text))}`} alt=${t('offline.alt')} />`;
}

function clockTime(moment) {
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' };
  return new Intl.DateTimeFormat(document.documentElement.lang || 'zh-CN', options).format(moment);
}
