// A named person or organisation as a document writes it: name and number, two fields.

import { html } from '../vendor/preact-htm.js';

export const nobody = { name: '', id_no: '' };

/** `id` keeps the labels of several apart; `change` is the setter of a state that holds
 * the person: two fields filled at once must not undo each other. */
export function PersonFields({ id, who, value, change }) {
  const put = (name) => (event) => change((before) => ({ ...before, [name]: event.target.value }));
  return html`
    <div class="field">
      <label for=${`${id}-name`}>${who}姓名（名称）</label>
      <input class="in" id=${`${id}-name`} required maxlength="80" autocomplete="off" value=${value.name} onInput=${put('name')} />
    </div>
    <div class="field">
      <label for=${`${id}-number`}>${who}证件号码</label>
      <input class="in mono" id=${`${id}-number`} required maxlength="32" autocomplete="off" value=${value.id_no} onInput=${put('id_no')} />
    </div>
  `;
}
