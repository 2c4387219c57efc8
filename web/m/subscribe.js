// Consent to messages of the app around the page: asked for on the shell's own page, told by the platform.

import { html, useState } from '../vendor/preact-htm.js';
import { t } from '../kit/i18n.js';
import { get, newKey, post } from '../kit/api.js';
import { askShell, hostKind } from '../kit/host.js';
import { Failure, useAct, useData } from '../kit/ui.js';

const ADDRESS = '/api/citizen/notices/subscriptions';

/** Nothing outside WeChat and Alipay, and nothing where all is taken already. */
export function Subscribe() {
  return ['wechat', 'alipay'].includes(hostKind()) ? html`<${Offer} />` : null;
}

function Offer() {
  const found = useData(() => get(ADDRESS));
  const [asked, setAsked] = useState(false);
  const act = useAct();

  async function ask() {
    const left = await act.run(() => askShell('subscribe', ['id', newKey()], { ids: found.data.templates.join(',') }));
    if (!left || left.error) {
      return;
    }
    const told = await act.run(() => post(ADDRESS));
    if (told) {
      found.set(told);
      setAsked(true);
    }
  }

  if (!found.data?.templates.length || (found.data.on && !asked)) {
    return null;
  }
  const heard = asked && (found.data.on === false ? 'subscribe.off' : 'subscribe.on');
  return html`
    <section class="card" aria-labelledby="subscribe">
      <h2 id="subscribe">${t('subscribe.title')}</h2>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <p role="status">${t(heard || 'subscribe.why')}</p>
      ${
        (!asked || found.data.on === false) &&
        html`
        <button class="btn sec block" disabled=${act.busy} onClick=${ask}>${t('subscribe.ask')}</button>
      `
      }
    </section>
  `;
}
