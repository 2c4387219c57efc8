// Supervisor: every department at a glance; colours always come with words.

import { html } from '../../vendor/preact-htm.js';
import { get } from '../../kit/api.js';
import { FailedScreen, H1, Loading, useData } from '../../kit/ui.js';
import { useLive } from '../state.js';

const TOTALS = [
  ['open', '在办', ''],
  ['yellow', '▲ 快到期', 'yellow'],
  ['red', '■ 已超期', 'red'],
  ['closed_today', '今天办结', 'green'],
];

export default function Overview() {
  const found = useData(() => get('/api/staff/overview'));
  useLive(found.reload);
  if (found.error && !found.data) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  const { departments, totals } = found.data;
  return html`
    <p class="bar">
      <a class="btn sec sm" href="#/">‹ 返回列表</a>
      <a class="btn sec sm" href="#/operations">平台与缴费</a>
      <a class="btn sec sm" href="#/delivery">消息投递</a>
      <a class="btn sec sm" href="#/webhooks">系统通知地址</a>
    </p>
    <${H1} text="督办总览" />
    <section class="kpis" aria-label="合计">
      ${TOTALS.map(
        ([key, label, light]) => html`
          <div class="card kpi" key=${key}>
            <span class=${`light ${light}`}>${label}</span>
            <b>${totals[key] ?? 0}</b>
          </div>
        `,
      )}
    </section>
    <section class="card" aria-labelledby="departments">
      <h2 id="departments">各部门</h2>
      <div class="tablebox" tabindex="0" role="region" aria-label="各部门办件">
        <table class="tb">
          <thead>
            <tr>
              <th scope="col">部门</th>
              ${TOTALS.map(([key, label]) => html`<th scope="col" key=${key}>${label}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${departments.map(
              (one) => html`
                <tr key=${one.key}>
                  <th scope="row">${one.name}</th>
                  ${TOTALS.map(
                    ([key, , light]) => html`
                      <td key=${key}><span class=${one[key] > 0 ? `light ${light}` : ''}>${one[key]}</span></td>
                    `,
                  )}
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}
