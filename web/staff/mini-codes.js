// Codes that open an item in an app, for printing at a hall.

import { html } from '../vendor/preact-htm.js';
import { request } from '../kit/api.js';
import { Failure, useAct } from '../kit/ui.js';

export function MiniCodes({ channels }) {
  const act = useAct();

  async function fetchCode(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    const item = encodeURIComponent(String(fields.get('item')).trim().toUpperCase());
    const channel = encodeURIComponent(String(fields.get('channel')));
    const path = `/api/staff/items/${item}/mini-code?channel=${channel}`;
    const answer = await act.run(() => request('GET', path, { raw: true }));
    if (answer) {
      await save(answer);
    }
  }

  return html`
    <form class="stack" onSubmit=${fetchCode}>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div class="field">
        <label for="code-item">事项编码</label>
        <p class="hint">例如 SJ-GA-01。用手机扫这张码，直接打开该事项的办事指南。</p>
        <input class="in" id="code-item" name="item" required maxlength="50" autocomplete="off" />
      </div>
      <div class="field">
        <label for="code-channel">用哪个应用打开</label>
        <select class="in" id="code-channel" name="channel">
          ${channels.map((one) => html`<option key=${one.key} value=${one.key}>${one.name}</option>`)}
        </select>
      </div>
      <button class="btn sec" disabled=${act.busy}>下载图片</button>
    </form>
  `;
}

/** Offer the answer as a file under the name the server gives it. */
async function save(answer) {
  const name = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? 'code.png';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
