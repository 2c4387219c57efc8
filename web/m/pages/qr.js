// Show a licence: a short-lived code that renews itself, on a page that is white in every theme.

import { html, signal, useEffect, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { del, get, post } from '../../kit/api.js';
import { keepAwake } from '../../kit/host.js';
import { Failure, H1, useData } from '../../kit/ui.js';
import { go, useLive } from '../state.js';

const LOOK_AGAIN_MS = 3000;
const TICK_MS = 1000;

/**
 * The running code of a licence. Time is counted on the page's own steady clock from the answer's
 * life in seconds, so that a wrong clock of the phone does not matter.
 */
function openPresentation(licenceId) {
  const code = signal(null);
  const left = signal(0);
  const error = signal(null);
  const used = signal(null);
  let renewAt = Infinity;
  let asking = false;
  let closed = false;
  let lastLook = 0;
  const own = new Set();

  async function renew() {
    if (asking || closed) {
      return;
    }
    asking = true;
    used.value = null; // not later: the code before may be read while a new one is asked for
    try {
      const fresh = await post(`/api/citizen/licences/${licenceId}/presentations`);
      if (closed) {
        await del(`/api/citizen/presentations/${fresh.id}`).catch(() => undefined);
        return;
      }
      own.add(fresh.id);
      renewAt = performance.now() + fresh.renew_after_seconds * 1000;
      error.value = null;
      code.value = fresh;
      left.value = Math.ceil(fresh.renew_after_seconds);
    } catch (refusal) {
      error.value = refusal;
      renewAt = Infinity;
      code.value = null;
    } finally {
      asking = false;
    }
  }

  async function look() {
    const shown = code.value;
    if (!shown || used.value !== null) {
      return;
    }
    lastLook = performance.now();
    const state = await get(`/api/citizen/presentations/${shown.id}`).catch(() => null);
    if (state?.state === 'used') {
      markUsed(state.used_by);
    }
  }

  /** Somebody read a code of this page; perhaps the one before, which is good for some seconds more. */
  function heard({ presentation_id: id, counter_name: who }) {
    if (own.has(id)) {
      markUsed(who);
    }
  }

  function markUsed(who) {
    used.value = who ?? '';
    renewAt = Infinity;
  }

  function tick() {
    if (document.hidden || used.value !== null) {
      return;
    }
    left.value = Math.max(0, Math.ceil((renewAt - performance.now()) / 1000));
    if (performance.now() >= renewAt) {
      renew();
    } else if (performance.now() - lastLook >= LOOK_AGAIN_MS) {
      look();
    }
  }

  const timer = setInterval(tick, TICK_MS);
  renew();

  return {
    code,
    left,
    error,
    used,
    renew,
    heard,
    async close() {
      closed = true;
      clearInterval(timer);
      if (code.value && used.value === null) {
        await del(`/api/citizen/presentations/${code.value.id}`).catch(() => undefined);
      }
    },
  };
}

export default function Qr({ params }) {
  const licence = useData(() => get(`/api/citizen/licences/${params.id}`));
  const [shown] = useState(() => openPresentation(params.id));
  useEffect(() => {
    const letGo = keepAwake();
    return async () => {
      shown.close();
      (await letGo)();
    };
  }, [shown]);
  useLive((event) => {
    if (event.kind === 'licence-presented' && event.data?.licence_id === params.id) {
      shown.heard(event.data);
    }
  });
  return html`
    <${H1} text=${licence.data?.name ?? t('qr.title')} />
    ${licence.data && html`<p>${licence.data.holder_masked}</p>`}
    <${Stage} shown=${shown} />
    <div class="bar">
      <button class="btn sec" onClick=${() => shown.renew()}>${t('qr.renew')}</button>
      <button class="btn" onClick=${() => go(`/licence/${params.id}`)}>${t('qr.stop')}</button>
    </div>
  `;
}

function Stage({ shown }) {
  if (shown.error.value) {
    return html`<${Failure} error=${shown.error.value} retry=${shown.renew} />`;
  }
  if (shown.used.value !== null) {
    return html`
      <div class="note ok" role="alert">
        <b>${t('qr.used', { who: shown.used.value })}</b>
        <p>${t('qr.usedHint')}</p>
      </div>
    `;
  }
  return html`
    <div class="code"><${Picture} code=${shown.code} /></div>
    <${Countdown} shown=${shown} />
    <p class="hint">${t('qr.bright')}</p>
  `;
}

/** The picture is drawn by the server once a code; the ticking clock does not touch it. */
function Picture({ code }) {
  const fresh = code.value;
  if (!fresh) {
    return html`<p role="status">${t('qr.making')}</p>`;
  }
  const drawing = `data:image/svg+xml,${encodeURIComponent(fresh.svg)}`;
  return html`<img src=${drawing} alt=${t('qr.alt')} />`;
}

function Countdown({ shown }) {
  const life = shown.code.value?.renew_after_seconds ?? 1;
  return html`
    <p aria-hidden="true"><b>${shown.left.value}</b> ${t('qr.countdown')}</p>
    <progress max=${life} value=${shown.left.value} aria-label=${t('qr.countdownLabel')}></progress>
  `;
}
