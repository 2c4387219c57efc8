// What the counter shows after a scan: the verdict, the licence, and the scans of today.

import { html } from '../vendor/preact-htm.js';
import { evidence } from './evidence.js';
import { moment } from '../kit/i18n.js';
import { More } from '../kit/list.js';
import { Facts, Failure, Tag, useData } from '../kit/ui.js';
import { Checks, Verdict } from '../kit/verdict.js';

const TONES = { valid: 'ok', invalid: 'bad', cannot_tell: 'warn' };
const SIGNS = { valid: '✓ 有效', invalid: '✕ 无效', cannot_tell: '! 无法核验' };

/** Before the first scan, and between two. */
export function Waiting() {
  return html`
    <div class="card">
      <h2>等待扫码</h2>
      <p class="muted">每个二维码只能用一次，一分钟内有效。</p>
    </div>
  `;
}

/** Verdict first, then what the clerk may see of the licence, then how it was reached. */
export function Result({ result, next }) {
  const licence = result.licence;
  return html`
    <${Verdict} result=${result} />
    ${
      result.offline &&
      html`
      <p class="note warn" data-as-of=${result.as_of ?? ''}>
        <b>离线核验</b>${' '}
        ${result.as_of ? `依据截至 ${moment(result.as_of)}（${age(result.as_of)}前）` : '本机没有可用的核验依据'}。联网后会自动补报并复核。
      </p>
    `
    }
    ${
      result.before &&
      html`
      <p class="note" role="status">这次离线核验已补报，以上是联网复核的结果（当时显示：${SIGNS[result.before]}）。</p>
    `
    }
    ${
      licence &&
      html`
      <div class="card">
        <h2>${licence.name}</h2>
        <${Facts}
          items=${[
            ['持有人', licence.holder_masked],
            ['证号', html`<span class="mono">${licence.number_masked}</span>`],
            ['有效期至', licence.valid_to ?? '长期'],
            ...licence.fields.map(({ label, value }) => [label, value]),
          ]}
        />
      </div>
    `
    }
    <button class="btn block" onClick=${next}>核验下一位</button>
    <div class="card">
      <details>
        <summary>检查项（${result.checks.length}）</summary>
        <${Checks} checks=${result.checks} />
      </details>
    </div>
  `;
}

/** How long ago, in the largest unit that fits. */
function age(iso) {
  const minutes = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 60_000));
  if (minutes < 60) {
    return `${minutes} 分钟`;
  }
  return minutes < 2880 ? `${Math.floor(minutes / 60)} 小时` : `${Math.floor(minutes / 1440)} 天`;
}

/** What this counter would judge by without network, and how old it is. */
export function Evidence({ link }) {
  const found = useData(evidence, [link.turn]);
  const lists = [...(found.data?.lists.values() ?? [])];
  const oldest = lists.length ? Math.min(...lists.map(({ issuedAt }) => issuedAt)) : null;
  const date = oldest && new Date(oldest * 1000).toISOString();
  return html`
    <div class="card">
      <h2>离线核验准备</h2>
      ${
        date
          ? html`<p>没有网络时可以核验离线码。依据截至 ${moment(date)}（${age(date)}前）。</p>`
          : html`<p class="muted">还没有离线核验的依据，联网后会自动获取。</p>`
      }
      ${!link.reachable && html`<p class="note warn">目前连不上服务器，只能核验离线码。</p>`}
      ${link.waiting > 0 && html`<p>有 ${link.waiting} 次离线核验等待补报。</p>`}
    </div>
  `;
}

/** Earlier scans of this counter, newest first. */
export function Today({ found }) {
  const items = found.items ?? [];
  return html`
    <div class="card" aria-live="off">
      <h2>今天的核验</h2>
      ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${found.items && items.length === 0 && html`<p class="muted">今天还没有核验。</p>`}
      <ul class="list">
        ${items.map(
          (one) => html`
            <li class="row fixed" key=${one.verification_id}>
              <span class="grow">
                <b>${one.licence_name ?? one.title}</b>
                <small>${[moment(one.at), one.purpose].filter(Boolean).join(' · ')}</small>
              </span>
              <${Tag} tone=${TONES[one.verdict] ?? 'warn'}>${SIGNS[one.verdict] ?? SIGNS.cannot_tell}</${Tag}>
            </li>
          `,
        )}
      </ul>
      <${More} list=${found} />
    </div>
  `;
}
