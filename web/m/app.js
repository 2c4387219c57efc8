// The citizen's app: which screen belongs to which address, and the frame around every screen.

import { effect, html, render, useEffect } from '../vendor/preact-htm.js';
import { lang, restoreLang, setLang, t } from '../kit/i18n.js';
import { Failure, Icon, Loading, focusNextHeading, usePage } from '../kit/ui.js';
import * as state from './state.js';

const ROUTES = [
  { path: '/', page: 'home', title: 'app', tab: 'home' },
  { path: '/login', page: 'login', title: 'login.title', back: () => '/' },
  { path: '/search', page: 'search', title: 'search.title', back: () => '/', tab: 'home' },
  { path: '/theme/:code', page: 'theme', title: 'theme.title', back: () => '/', tab: 'home' },
  { path: '/guide/:code', page: 'guide', title: 'guide.title', back: () => '/', tab: 'home' },
  { path: '/apply/:id', page: 'apply', title: 'apply.title', back: () => '/cases', signedIn: true },
  {
    path: '/materials/:id',
    page: 'materials',
    title: 'apply.title',
    back: ({ id }) => `/apply/${id}`,
    signedIn: true,
  },
  {
    path: '/review/:id',
    page: 'review',
    title: 'apply.title',
    back: ({ id }) => `/materials/${id}`,
    signedIn: true,
  },
  { path: '/cases', page: 'cases', title: 'cases.title', tab: 'cases', signedIn: true },
  {
    path: '/case/:id',
    page: 'case',
    title: 'case.title',
    back: () => '/cases',
    tab: 'cases',
    signedIn: true,
  },
  { path: '/talk/:id', page: 'talk', title: 'talk.title', back: ({ id }) => `/case/${id}`, signedIn: true },
  {
    path: '/supplement/:id',
    page: 'supplement',
    title: 'supplement.title',
    back: ({ id }) => `/case/${id}`,
    signedIn: true,
  },
  {
    path: '/withdraw/:id',
    page: 'withdraw',
    title: 'withdraw.title',
    back: ({ id }) => `/case/${id}`,
    signedIn: true,
  },
  { path: '/wallet', page: 'wallet', title: 'wallet.title', tab: 'wallet', signedIn: true },
  {
    path: '/licence/:id',
    page: 'licence',
    title: 'licence.title',
    back: () => '/wallet',
    tab: 'wallet',
    signedIn: true,
  },
  { path: '/qr/:id', page: 'qr', title: 'qr.title', bare: true, signedIn: true },
  { path: '/offline/:id', page: 'offline', title: 'offline.title', bare: true },
  { path: '/uses', page: 'uses', title: 'uses.title', back: () => '/wallet', tab: 'wallet', signedIn: true },
  { path: '/look/:id', page: 'look', title: 'look.title', back: () => '/uses', tab: 'wallet', signedIn: true },
  {
    path: '/complaints',
    page: 'complaints',
    title: 'complaints.title',
    back: () => '/uses',
    tab: 'wallet',
    signedIn: true,
  },
  {
    path: '/authorisations',
    page: 'authorisations',
    title: 'grants.title',
    back: () => '/wallet',
    tab: 'wallet',
    signedIn: true,
  },
  {
    path: '/authorise/:id',
    page: 'authorise',
    title: 'grants.title',
    back: ({ id }) => `/licence/${id}`,
    tab: 'wallet',
    signedIn: true,
  },
  { path: '/shared/:token', page: 'shared', title: 'shared.title', back: () => '/' },
  { path: '/inbox', page: 'inbox', title: 'inbox.title', back: () => '/me', tab: 'me', signedIn: true },
  { path: '/notices', page: 'notices', title: 'notices.title', back: () => '/me', tab: 'me', signedIn: true },
  { path: '/bind', page: 'bind', title: 'bind.title', back: () => '/login' },
  { path: '/confirm', page: 'confirm', title: 'confirm.title', back: () => '/me', signedIn: true },
  { path: '/accounts', page: 'accounts', title: 'accounts.title', back: () => '/me', tab: 'me', signedIn: true },
  { path: '/sign-ins', page: 'signins', title: 'signins.title', back: () => '/me', tab: 'me', signedIn: true },
  { path: '/represent', page: 'represent', title: 'represent.title', back: () => '/me', tab: 'me', signedIn: true },
  { path: '/mandates/:id', page: 'mandates', title: 'mandates.title', back: () => '/me', tab: 'me', signedIn: true },
  { path: '/payments', page: 'payments', title: 'pay.title', back: () => '/me', tab: 'me', signedIn: true },
  { path: '/payment/:id', page: 'payment', title: 'pay.title', back: () => '/payments', tab: 'me', signedIn: true },
  { path: '/me', page: 'me', title: 'me.title', tab: 'me' },
];

const TABS = [
  ['home', '/'],
  ['wallet', '/wallet'],
  ['cases', '/cases'],
  ['me', '/me'],
];

/** The route of a path with its parameters; unknown paths lead home. */
function match(path) {
  const parts = path.split('/');
  for (const entry of ROUTES) {
    const pattern = entry.path.split('/');
    if (pattern.length !== parts.length) {
      continue;
    }
    const params = {};
    const fits = pattern.every((piece, index) => {
      if (piece.startsWith(':')) {
        params[piece.slice(1)] = decodeURIComponent(parts[index]);
        return true;
      }
      return piece === parts[index];
    });
    if (fits) {
      return { ...entry, params };
    }
  }
  return { ...ROUTES[0], params: {} };
}

function Top({ entry }) {
  const elder = state.size.value !== 'standard';
  const other = lang.value === 'zh' ? 'en' : 'zh';
  return html`
    <header class="top">
      ${
        entry.back
          ? html`
              <a class="btn plain sm" href=${`#${entry.back(entry.params)}`} aria-label=${t('back')}>
                <${Icon} name="back" />
              </a>
            `
          : html`<span class="seal" aria-hidden="true">云</span>`
      }
      <span class="name">${t(entry.title)}</span>
      ${
        entry.path === '/' &&
        !elder &&
        html`
        <button class="btn sec sm" lang=${other === 'zh' ? 'zh-CN' : 'en'} onClick=${() => setLang(other)}>
          ${t('lang.other')}
        </button>
      `
      }
      <button class="btn sec sm" onClick=${() => state.setSize(elder ? 'standard' : 'large')}>
        ${t(elder ? 'size.standard' : 'size.large')}
      </button>
    </header>
  `;
}

function Tabs({ current }) {
  return html`
    <nav class="tabs" aria-label=${t('nav')}>
      ${TABS.map(
        ([key, path]) => html`
          <a href=${`#${path}`} aria-current=${current === key ? 'page' : null}>
            <${Icon} name=${key} />${t(`tab.${key}`)}
          </a>
        `,
      )}
    </nav>
  `;
}

function Flash() {
  const text = state.flash.value;
  return text && html`<div class="note ok" role="status">${text}</div>`;
}

/** The screen itself: waits for its module, and for the person where one must be signed in. */
function Screen({ entry }) {
  const loaded = usePage(entry.page, (page) => import(`./pages/${page}.js`));

  if (entry.signedIn && state.me.value === undefined) {
    return html`<${Loading} />`;
  }
  if (entry.signedIn && state.me.value === null) {
    return html`<${SendToLogin} />`;
  }
  if (loaded.name !== entry.page) {
    return html`<${Loading} />`;
  }
  if (loaded.error) {
    return html`<${Failure} error=${{ title: t('error.offline') }} retry=${() => location.reload()} />`;
  }
  const { query } = state.route.value;
  return html`<${loaded.view} key=${JSON.stringify(entry.params)} params=${entry.params} query=${query} />`;
}

function SendToLogin() {
  useEffect(() => {
    const here = location.hash.slice(1) || '/';
    state.replace(`/login?next=${encodeURIComponent(here)}`);
  }, []);
  return html`<${Loading} />`;
}

function skip(event) {
  event.preventDefault();
  /** @type {HTMLElement | null} */ (document.querySelector('main h1'))?.focus();
}

function App() {
  const entry = match(state.route.value.path);
  const tab = entry.tab;
  useEffect(() => {
    document.body.classList.toggle('has-tabs', Boolean(tab));
  }, [tab]);
  if (entry.bare) {
    return html`<main id="main" class="qr"><${Screen} entry=${entry} /></main>`;
  }
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t('skip')}</a>
    <${Top} entry=${entry} />
    <main id="main"><${Flash} /><${Screen} entry=${entry} /></main>
    <footer class="foot">${t('help.text')} <a href="tel:12345">12345</a></footer>
    ${tab && html`<${Tabs} current=${tab} />`}
  `;
}

function moved() {
  scrollTo(0, 0);
  focusNextHeading();
}

async function followHost() {
  const { wishes } = await import('../kit/host.js');
  const { size, theme } = wishes();
  if (size) {
    state.setSize(size);
  }
  if (theme) {
    state.setTheme(theme);
  }
}

/** The mini-program around us hands over its user by a ticket that is good once: `#t=…&to=/wallet`. */
async function followTicket() {
  if (!location.hash.startsWith('#t=')) {
    return;
  }
  const given = new URLSearchParams(location.hash.slice(1));
  const [ticket, to] = [given.get('t'), given.get('to') ?? '/'];
  state.replace(to.startsWith('/') ? to : '/');
  const { post } = await import('../kit/api.js');
  try {
    await state.welcome((await post('/api/citizen/sessions', { platform: 'ticket', code: ticket })).me);
  } catch {
    state.farewell();
  }
}

async function start() {
  if (location.search) {
    await followHost();
  }
  effect(state.applyLooks);
  await restoreLang();
  state.followAddress(moved);
  await followTicket();
  if (state.me.value === undefined) {
    state.recall();
  }
  const root = document.getElementById('app');
  root.textContent = '';
  render(html`<${App} />`, root);
}

start();
