// The desk that lets officers in who lost every second factor: two different operators confirm.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { Facts, Failure, FailedScreen, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';

export default function Recoveries() {
  const found = useData(() => get('/api/staff/recoveries'));
  if (found.error && !found.data) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  return html`
    <p><a class="btn sec sm" href="#/">‹ 返回列表</a></p>
    <${H1} text="恢复登录" />
    <div class="note warn">
      <b>确认前请当面核对本人，或拨打您已知的电话回问</b>
      <p>提出申请只需要密码。须由两位不同的管理员确认，且不能是本人；一天内有效。</p>
    </div>
    ${!found.data && html`<${Loading} />`}
    ${found.data?.recoveries.length === 0 && html`<p class="muted">现在没有恢复申请。</p>`}
    <div class="cols">
      ${found.data?.recoveries.map((one) => html`<${Waiting} key=${one.id} one=${one} changed=${found.set} reload=${found.reload} />`)}
    </div>
    ${found.data?.locked.length > 0 && html`<${Locked} keys=${found.data.locked} />`}
  `;
}

function Waiting({ one, changed, reload }) {
  const [asked, setAsked] = useState('');
  const act = useAct();
  const title = `${one.name}（${one.staff_no}）`;

  async function send(path) {
    const answer = await act.run(() => post(`/api/staff/recoveries/${one.id}/${path}`));
    setAsked('');
    if (answer) {
      changed(answer);
    }
  }

  return html`
    <section class="card" aria-labelledby=${`w-${one.id}`}>
      <h2 id=${`w-${one.id}`}>${title}</h2>
      <p>
        ${
          one.state === 'confirmed'
            ? html`<${Tag} tone="ok">✓ 两人已确认，待本人重新登记</${Tag}>`
            : html`<${Tag} tone="warn">${`已有 ${one.confirmations} 人确认，还需 ${2 - one.confirmations} 人`}</${Tag}>`
        }
      </p>
      <${Facts}
        items=${[
          ['部门', one.department ?? '全市'],
          ['申请时间', moment(one.asked_at)],
          ['过期时间', moment(one.expires_at)],
          ['首位确认人', one.first_name],
        ]}
      />
      ${act.error && html`<${Failure} error=${act.error} retry=${reload} />`}
      ${one.state === 'asked' && one.mine && html`<p class="hint">须由另一位管理员确认。</p>`}
      <div class="bar">
        ${
          one.state === 'asked' &&
          !one.mine &&
          (asked === 'confirmation'
            ? html`<button class="btn" disabled=${act.busy} onClick=${() => send('confirmation')}>已核对本人，确定</button>`
            : html`<button class="btn sec" aria-label=${`确认${title}`} onClick=${() => setAsked('confirmation')}>确认</button>`)
        }
        ${
          asked === 'refusal'
            ? html`<button class="btn danger" disabled=${act.busy} onClick=${() => send('refusal')}>确定拒绝</button>`
            : html`<button class="btn sec" aria-label=${`拒绝${title}`} onClick=${() => setAsked('refusal')}>拒绝</button>`
        }
      </div>
    </section>
  `;
}

function Locked({ keys }) {
  return html`
    <section class="card" aria-labelledby="locked">
      <h2 id="locked">疑似被复制的通行密钥</h2>
      <p class="hint">密钥的使用计数倒退，已停用，本人的所有登录也已结束。请联系本人核实，移除后不再显示。</p>
      <ul class="list">
        ${keys.map(
          (key) => html`
          <li class="row"><span class="grow"><b>${key.name}（${key.staff_no}）</b><small>${moment(key.locked_at)} 停用</small></span></li>
        `,
        )}
      </ul>
    </section>
  `;
}
