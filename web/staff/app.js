// Staff pages: sign in, worklist, one case, and the overview of a supervisor.

import { html, render } from '../vendor/preact-htm.js';
import { del } from '../kit/api.js';
import { t } from '../kit/i18n.js';
import { LargeText } from '../kit/large-text.js';
import { Failure, Loading, focusNextHeading, usePage } from '../kit/ui.js';
import Login from './pages/login.js';
import * as state from './state.js';

const LIVE_WORDS = { connecting: '正在连接…', open: '实时更新中', waiting: '连接断开，正在重连…' };

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
        !state.enrolling.value &&
        html`
        ${
          live !== undefined &&
          html`
          <span class=${live === 'open' ? 'live' : 'live off'} role="status">
            ${LIVE_WORDS[live] ?? LIVE_WORDS.connecting}
          </span>
        `
        }
        <a class="btn plain sm" href="#/factors" aria-label=${`${officer.name}：我的登录方式`}>${officer.name}</a>
      `
      }
      <${LargeText} />
      ${officer && html`<button class="btn sec sm" onClick=${leave}>退出</button>`}
    </header>
  `;
}

/** A desk is asked for when it is opened: most officers work at one of ten. */
const DESKS = {
  accounts: () => import('./pages/accounts.js'),
  case: () => import('./pages/case.js'),
  changes: () => import('./pages/changes.js'),
  delegations: () => import('./pages/delegations.js'),
  delivery: () => import('./pages/delivery.js'),
  departments: () => import('./pages/departments.js'),
  factors: () => import('./pages/factors.js'),
  guardianships: () => import('./pages/guardianships.js'),
  issue: () => import('./pages/issue.js'),
  licences: () => import('./pages/licences.js'),
  operations: () => import('./pages/operations.js'),
  officer: () => import('./pages/officer.js'),
  overview: () => import('./pages/overview.js'),
  power: () => import('./pages/power.js'),
  recoveries: () => import('./pages/recoveries.js'),
  representatives: () => import('./pages/representatives.js'),
  seals: () => import('./pages/seals.js'),
  systems: () => import('./pages/systems.js'),
  webhooks: () => import('./pages/webhooks.js'),
  worklist: () => import('./pages/worklist.js'),
};

/** Where an officer begins; who reads no cases has another desk of their own. */
function ownDesk({ roles }) {
  if (roles.some((role) => state.READERS.includes(role))) {
    return 'worklist';
  }
  if (roles.includes('account_keeper')) {
    return 'accounts';
  }
  if (roles.includes('head')) {
    return 'delegations';
  }
  return roles.includes('registrar') ? 'guardianships' : 'licences';
}

function Screen() {
  const officer = state.me.value;
  if (officer === undefined) {
    return html`<${Loading} />`;
  }
  if (officer === null) {
    return html`<${Login} />`;
  }
  if (state.enrolling.value) {
    return html`<${Desk} name="factors" />`;
  }
  const [, place, id] = state.route.value.split('/');
  return html`<${Desk} name=${Object.hasOwn(DESKS, place) ? place : ownDesk(officer)} id=${id} />`;
}

function Desk({ name, id }) {
  const loaded = usePage(name, (desk) => DESKS[desk]());
  if (loaded.name !== name) {
    return html`<${Loading} />`;
  }
  if (loaded.error) {
    return html`<${Failure} error=${{ title: t('error.offline') }} retry=${() => location.reload()} />`;
  }
  return html`<${loaded.view} key=${id} id=${id} />`;
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
