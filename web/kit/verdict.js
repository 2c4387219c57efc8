// A verdict as colour, shape, word and next step; and the list of checks behind it.

import { html, useEffect, useRef } from '../vendor/preact-htm.js';

const LOOKS = {
  valid: { tone: 'ok', path: 'M24 4a20 20 0 110 40 20 20 0 010-40zM14 25l7 7 13-15' },
  invalid: { tone: 'bad', path: 'M16 4h16l12 12v16L32 44H16L4 32V16zM16 16l16 16M32 16L16 32' },
  cannot_tell: { tone: 'warn', path: 'M24 5l21 37H3zM24 18v12M24 36v.5' },
};

const OUTCOMES = {
  pass: { tone: 'ok', sign: '✓', word: '通过' },
  fail: { tone: 'bad', sign: '✕', word: '不通过' },
  unknown: { tone: 'warn', sign: '!', word: '无法判断' },
  warning: { tone: 'warn', sign: '!', word: '请注意' },
  skipped: { tone: 'idle', sign: '–', word: '未检查' },
};

/** The block itself; it takes the focus and names the window, so that it is heard as well as seen. */
export function Verdict({ result }) {
  const block = useRef(null);
  const look = LOOKS[result.verdict] ?? LOOKS.cannot_tell;
  const { title } = result;
  useEffect(() => {
    document.title = `${title} · 云间证`;
    block.current.focus({ preventScroll: true });
    navigator.vibrate?.(look.tone === 'ok' ? 80 : [80, 60, 80, 60, 80]);
  }, [result, title, look.tone]);
  return html`
    <div class=${`verdict ${look.tone}`} data-verdict=${result.verdict} role="alert" tabindex="-1" ref=${block}>
      <svg viewBox="0 0 48 48" aria-hidden="true"><path d=${look.path} /></svg>
      <h2>${title}</h2>
      ${result.next && html`<p>${result.next}</p>`}
    </div>
  `;
}

/** Every check that ran: what was looked at, with which outcome. */
export function Checks({ checks }) {
  return html`
    <ul class="checks">
      ${checks.map((check) => {
        const outcome = OUTCOMES[check.outcome] ?? OUTCOMES.unknown;
        return html`
          <li class=${outcome.tone}>
            <i aria-hidden="true">${outcome.sign}</i>
            <span>
              <b>${check.title}</b>
              <span class="vh">：${outcome.word}</span>
              <small>${check.detail}</small>
            </span>
          </li>
        `;
      })}
    </ul>
  `;
}
