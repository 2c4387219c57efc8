// The public page of the transparency log: its newest checkpoint, and a check of a report's proof.

import { effect, html, render, useState } from '../vendor/preact-htm.js';
import { lang, moment, restoreLang, setLang, t } from '../kit/i18n.js';
import { get } from '../kit/api.js';
import { Facts, Failure, H1, Loading, useData } from '../kit/ui.js';
import { proves } from './merkle.js';

function App() {
  const found = useData(() => get('/api/transparency/checkpoint'));
  const saved = useData(() => get('/api/transparency/savings'));
  const other = lang.value === 'zh' ? 'en' : 'zh';
  return html`
    <a class="skip" href="#main">${t('skip')}</a>
    <header class="top">
      <span class="seal" aria-hidden="true">云</span>
      <span class="name">${t('log.title')}</span>
      <button class="btn sec sm" lang=${other === 'zh' ? 'zh-CN' : 'en'} onClick=${() => setLang(other)}>
        ${t('lang.other')}
      </button>
      <a class="btn sec sm" href="/">${t('log.home')}</a>
    </header>
    <main id="main" class="wide">
      <${H1} text=${t('log.title')} />
      <p>${t('log.meaning')}</p>
      ${saved.data?.materials > 0 && html`<p class="note ok">${t('log.saved', { n: saved.data.materials })}</p>`}
      <section class="card" aria-labelledby="now">
        <h2 id="now">${t('log.now')}</h2>
        ${found.error && html`<${Failure} error=${found.error} retry=${found.reload} />`}
        ${!found.data && !found.error && html`<${Loading} />`}
        ${found.data && html`<${Checkpoint} checkpoint=${found.data.checkpoint} />`}
      </section>
      <${Check} />
      <section class="card" aria-labelledby="audit">
        <h2 id="audit">${t('log.audit')}</h2>
        <p>${t('log.auditHow')}</p>
        <p class="mono">python manage.py audit-log ${location.origin} log-state.json</p>
      </section>
    </main>
  `;
}

function Checkpoint({ checkpoint }) {
  if (checkpoint === null) {
    return html`<p>${t('log.empty')}</p>`;
  }
  return html`
    <${Facts}
      items=${[
        [t('log.size'), String(checkpoint.size)],
        [t('log.root'), checkpoint.root],
        [t('log.at'), moment(checkpoint.at)],
      ]}
    />
    <details>
      <summary>${t('log.note')}</summary>
      <pre class="mono wrap" tabindex="0">${checkpoint.note}</pre>
    </details>
  `;
}

/** A report's `log_proof`, checked here: the browser computes every hash itself. */
function Check() {
  const [text, setText] = useState('');
  const [result, setResult] = useState(null);

  async function submit(event) {
    event.preventDefault();
    try {
      const pasted = JSON.parse(text);
      setResult((await proves(pasted.log_proof ?? pasted)) ? 'good' : 'bad');
    } catch {
      setResult('unreadable');
    }
  }

  const words = { good: t('log.good'), bad: t('log.bad'), unreadable: t('log.unreadable') };
  return html`
    <form class="card form" onSubmit=${submit}>
      <h2>${t('log.check')}</h2>
      <p class="muted">${t('log.checkHow')}</p>
      <div class="field">
        <label for="proof">${t('log.proof')}</label>
        <textarea
          class="in mono"
          id="proof"
          rows="6"
          required
          value=${text}
          onInput=${(event) => setText(event.target.value)}
        ></textarea>
      </div>
      ${result && html`<p class=${`note ${result === 'good' ? 'ok' : 'bad'}`} role="status">${words[result]}</p>`}
      <button class="btn">${t('log.doCheck')}</button>
    </form>
  `;
}

async function start() {
  await restoreLang();
  effect(() => {
    document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en';
  });
  const root = document.getElementById('app');
  root.textContent = '';
  render(html`<${App} />`, root);
}

start();
