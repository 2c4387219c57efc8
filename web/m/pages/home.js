// Home: search, common services, things done as one ("一件事").

import { html, useEffect, useState } from '../../vendor/preact-htm.js';
import { boot, t, upTo } from '../../kit/i18n.js';
import { H1, Icon, RowLink, useLatest } from '../../kit/ui.js';
import { go, me, useLive } from '../state.js';

// Common services are words to search for, so that the catalogue may change without touching them.
const COMMON = [
  ['shop', 'home.shop', '#/search?q=个体工商户'],
  ['file', 'home.food', '#/search?q=食品经营'],
  ['house', 'home.residence', '#/search?q=居住证'],
  ['card', 'home.social', '#/search?q=社会保障卡'],
  ['baby', 'home.baby', '#/theme/T-XSE'],
  ['heart', 'home.elder', '#/search?q=敬老卡'],
  ['car', 'home.car', '#/search?q=驾驶证'],
  ['wallet', 'home.wallet', '#/wallet'],
];

export default function Home() {
  const [words, setWords] = useState('');

  function search(event) {
    event.preventDefault();
    go(`/search?q=${encodeURIComponent(words.trim())}`);
  }

  return html`
    <${H1} text=${t('home.heading')} hidden />
    <form class="search" role="search" onSubmit=${search}>
      <label class="vh" for="q">${t('search.label')}</label>
      <input
        class="in"
        id="q"
        type="search"
        value=${words}
        placeholder=${t('search.placeholder')}
        onInput=${(event) => setWords(event.target.value)}
      />
      <button class="btn">${t('search.button')}</button>
    </form>
    <${Greeting} />
    <section class="card" aria-labelledby="common">
      <h2 id="common">${t('home.common')}</h2>
      <div class="tiles">
        ${COMMON.map(
          ([icon, label, href]) => html`
            <a class="tile" href=${href}><span class="ico"><${Icon} name=${icon} /></span>${t(label)}</a>
          `,
        )}
      </div>
    </section>
    <section class="card" aria-labelledby="themes">
      <h2 id="themes">${t('home.themes')}</h2>
      <p class="muted">${t('home.themesHint')}</p>
      <${Themes} />
    </section>
  `;
}

function Themes() {
  return html`
    <ul class="list">
      ${boot.themes.map(
        (theme) => html`
          <li key=${theme.code}>
            <${RowLink} href=${`#/theme/${theme.code}`} title=${theme.name} text=${theme.summary} />
          </li>
        `,
      )}
    </ul>
  `;
}

/** Who is signed in, and whether something waits for them. */
function Greeting() {
  const person = me.value;
  const [waiting, setWaiting] = useState(0);
  const [unread, setUnread] = useState(0);

  async function read() {
    const { get } = await import('../../kit/api.js');
    const [cases, inbox] = await Promise.all([get('/api/citizen/cases?limit=1'), get('/api/citizen/inbox?limit=1')]);
    setWaiting(cases.waiting);
    setUnread(inbox.unread);
  }

  const look = useLatest(() => {
    if (person) {
      read().catch(() => undefined);
    }
  });

  useEffect(look, [person?.id, person?.acting_for?.id]);
  useLive(look);

  if (person === undefined) {
    return null;
  }
  if (person === null) {
    return html`
      <section class="card">
        <p>${t('home.visitor')}</p>
        <a class="btn block" href="#/login">${t('login.title')}</a>
      </section>
    `;
  }
  return html`
    <section class="card">
      <p>
        <b>${t('home.hello', { name: person.name })}</b>
        ${person.acting_for && html`<br />${t('me.actingFor', { name: person.acting_for.name })}`}
      </p>
      ${waiting > 0 && html`<a class="note warn" href="#/cases">${t('home.waiting', { n: upTo(waiting) })}</a>`}
      ${unread > 0 && html`<a class="note" href="#/inbox">${t('inbox.unread', { n: upTo(unread) })}</a>`}
    </section>
  `;
}
