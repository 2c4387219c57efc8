// Staff pages: sign in, worklist, one case, and the overview of a supervisor.

import { html, render } from '../vendor/preact-htm.js';
import { del } from '../kit/api.js';
import { LargeText } from '../kit/large-text.js';
import { Loading, focusNextHeading } from '../kit/ui.js';
import Case from './pages/case.js';
import Delivery from './pages/delivery.js';
import Guardianships from './pages/guardianships.js';
import Issue from './pages/issue.js';
import Licences from './pages/licences.js';
import Login from './pages/login.js';
import Operations from './pages/operations.js';
import Overview from './pages/overview.js';
import Seals from './pages/seals.js';
import Webhooks from './pages/webhooks.js';
import Worklist from './pages/worklist.js';
import * as state from './state.js';

const LIVE_WORDS = { connecting: '正在连接…', open: '实时更新中', waiting: '连接断开，正在重连…' };

const READERS = ['reviewer', 'window', 'supervisor'];

function Top() {
  const officer = state.me.value;
  const live = state.live.value?.state.value;

  async function leave() {
    await del('/api/staff/sessions/current').catch(() => undefined);
    await state.forgetUnsent();
    state.farewell();
    state.go('/');
  }

  return html`
    <header class="top">
      <span class="seal" aria-hidden="true">审</span>
      <span class="name">${officer?.department?.name ?? '工作台'}</span>
      ${
        officer &&
        html`
        <span class=${live === 'open' ? 'live' : 'live off'} role="status">
          ${LIVE_WORDS[live] ?? LIVE_WORDS.connecting}
        </span>
        <span class="muted">${officer.name}</span>
      `
      }
      <${LargeText} />
      ${officer && html`<button class="btn sec sm" onClick=${leave}>退出</button>`}
    </header>
  `;
}

function Screen() {
  const officer = state.me.value;
  if (officer === undefined) {
    return html`<${Loading} />`;
  }
  if (officer === null) {
    return html`<${Login} />`;
  }
  const [, place, id] = state.route.value.split('/');
  if (place === 'case') {
    return html`<${Case} key=${id} id=${id} />`;
  }
  if (place === 'licences') {
    return html`<${Licences} />`;
  }
  if (place === 'issue') {
    return html`<${Issue} key=${id} id=${id} />`;
  }
  if (place === 'seals') {
    return html`<${Seals} />`;
  }
  if (place === 'guardianships') {
    return html`<${Guardianships} />`;
  }
  if (place === 'overview') {
    return html`<${Overview} />`;
  }
  if (place === 'operations') {
    return html`<${Operations} />`;
  }
  if (place === 'delivery') {
    return html`<${Delivery} />`;
  }
  if (place === 'webhooks') {
    return html`<${Webhooks} />`;
  }
  // Who reads no cases has another desk of their own.
  if (officer.roles.some((role) => READERS.includes(role))) {
    return html`<${Worklist} />`;
  }
  return officer.roles.includes('registrar') ? html`<${Guardianships} />` : html`<${Licences} />`;
}

function App() {
  const skip = (event) => {
    event.preventDefault();
    /** @type {HTMLElement | null} */ (document.querySelector('main h1'))?.focus();
  };
  return html`
    <a class="skip" href="#main" onClick=${skip}>跳到主要内容</a>
    <${Top} />
    <main id="main" class="wide"><${Screen} /></main>
  `;
}

state.followAddress(() => {
  scrollTo(0, 0);
  focusNextHeading();
});
state.recall();
const root = document.getElementById('app');
root.textContent = '';
render(html`<${App} />`, root);
