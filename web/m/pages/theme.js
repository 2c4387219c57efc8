// One thing done as a whole ("一件事"): its promise and the items it is made of.

import { html } from '../../vendor/preact-htm.js';
import { boot, t } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { FailedScreen, H1, Loading, useData } from '../../kit/ui.js';
import { ItemList } from './search.js';

export default function Theme({ params }) {
  const themes = useData(() => get('/api/catalogue/themes'));
  if (themes.error) {
    return html`<${FailedScreen} error=${themes.error} retry=${themes.reload} />`;
  }
  const known = (themes.data?.themes ?? boot.themes).find((theme) => theme.code === params.code);
  if (!themes.data) {
    return html`${known && html`<${H1} text=${known.name} />`}<${Loading} />`;
  }
  if (!known) {
    return html`<${H1} text=${t('theme.unknown')} /><p><a href="#/">${t('tab.home')}</a></p>`;
  }
  return html`
    <${H1} text=${known.name} />
    <section class="card">
      <p>${known.summary}</p>
      <p class="muted">
        ${[t('theme.lead', { name: known.lead_name }), known.promise_text].filter(Boolean).join(' · ')}
      </p>
    </section>
    <section class="card" aria-labelledby="parts">
      <h2 id="parts">${t('theme.parts', { n: known.items.length })}</h2>
      <${ItemList} items=${known.items} />
    </section>
  `;
}
