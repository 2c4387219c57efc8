// Where I am signed in now, and when I signed in before.

import { html } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { del } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Failure, H1, Loading, Tag, useAct } from '../../kit/ui.js';

const text = (one) => [t(`via.${one.via}`), one.device].filter(Boolean).join(' · ');

export default function SignIns() {
  const found = useList('/api/citizen/sign-ins', { name: 'sign_ins' });
  const act = useAct();

  async function end(device) {
    await act.run(() => del(`/api/citizen/devices/${device.session_id}`));
    found.reload();
  }

  return html`
    <${H1} text=${t('signins.title')} />
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${
      found.items &&
      html`
      <section class="card" aria-labelledby="devices">
        <h2 id="devices">${t('signins.devices')}</h2>
        <ul class="list">
          ${found.answer.devices.map(
            (device) => html`
            <li key=${device.session_id} class="row">
              <span class="grow"><b>${text(device)}</b><small>${t('signins.seen', { at: moment(device.last_seen_at) })}</small></span>
              ${
                device.this_one
                  ? html`<${Tag} tone="ok">${t('signins.here')}</${Tag}>`
                  : html`<button class="btn sec sm" disabled=${act.busy} onClick=${() => end(device)}>${t('signins.end')}</button>`
              }
            </li>
          `,
          )}
        </ul>
      </section>
      <section class="card" aria-labelledby="before">
        <h2 id="before">${t('signins.before')}</h2>
        <p class="hint">${t('signins.hint')}</p>
        <ul class="list">
          ${found.items.map(
            (one) => html`
            <li class="row" key=${one.id}><span class="grow"><b>${moment(one.at)}</b><small>${[text(one), one.address].filter(Boolean).join(' · ')}</small></span></li>
          `,
          )}
        </ul>
        <${More} list=${found} />
      </section>
    `
    }
  `;
}
