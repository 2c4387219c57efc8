// A table that scrolls sideways by itself on a narrow screen, with or without a mouse.

import { html } from '../vendor/preact-htm.js';

export function Table({ label, head, children }) {
  return html`
    <div class="tablebox" tabindex="0" role="region" aria-label=${`${label}列表`}>
      <table class="tb">
        <thead><tr>${head.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
        <tbody>${children}</tbody>
      </table>
    </div>
  `;
}
