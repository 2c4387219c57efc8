// The switch for large text on the pages for a desk; it is remembered on this device.

import { html, signal } from '../vendor/preact-htm.js';
import { t } from './i18n.js';

const KEY = 'size';
const STANDARD = 'standard';
const size = signal(localStorage.getItem(KEY) ?? STANDARD);

function apply() {
  const root = document.documentElement;
  if (size.value === STANDARD) {
    delete root.dataset.size;
  } else {
    root.dataset.size = size.value;
  }
}

function turn() {
  size.value = size.value === STANDARD ? 'large' : STANDARD;
  localStorage.setItem(KEY, size.value);
  apply();
}

apply();

export function LargeText() {
  return html`
    <button class="btn sec sm" onClick=${turn}>${t(size.value === STANDARD ? 'size.large' : 'size.standard')}</button>
  `;
}
