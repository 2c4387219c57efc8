// What the counter shows after a scan: the verdict, the licence, and the scans of today.

import { html } from '../vendor/preact-htm.js';
import { moment } from '../kit/i18n.js';
import { Facts, Failure, Tag } from '../kit/ui.js';
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
    ${licence && html`
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
    `}
    <button class="btn block" onClick=${next}>核验下一位</button>
    <div class="card">
      <details>
        <summary>检查项（${result.checks.length}）</summary>
        <${Checks} checks=${result.checks} />
      </details>
    </div>
  `;
}

/** Earlier scans of this counter, newest first. */
export function Today({ found }) {
  const items = found.data?.verifications ?? [];
  return html`
    <div class="card">
      <h2>今天的核验</h2>
      ${found.error && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${found.data && items.length === 0 && html`<p class="muted">今天还没有核验。</p>`}
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
    </div>
  `;
}
