// Search results: as one types, with a way on when nothing was found.

import { html, useEffect, useRef, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, withQuery } from '../../kit/api.js';
import { channel } from '../../kit/host.js';
import { Failure, H1, Loading, RowLink, Tag, useData } from '../../kit/ui.js';

const TYPING_PAUSE_MS = 250;
const PAGE = 20;
const SUGGESTIONS = ['居住证', '营业执照', '食品经营', '社会保障卡', '结婚登记'];

export default function Search({ query }) {
  const [words, setWords] = useState(query.get('q') ?? '');
  const [asked, setAsked] = useState(words);
  const [limit, setLimit] = useState(PAGE);
  const timer = useRef(null);
  const found = useData(
    () => get(withQuery('/api/catalogue/items', { q: asked, limit, channel: channel() })),
    [asked, limit],
  );

  useEffect(() => {
    setWords(query.get('q') ?? '');
    setAsked(query.get('q') ?? '');
  }, [query]);

  function type(text) {
    setWords(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => ask(text), TYPING_PAUSE_MS);
  }

  function ask(text) {
    clearTimeout(timer.current);
    setAsked(text.trim());
    setLimit(PAGE);
    history.replaceState(null, '', `#/search?q=${encodeURIComponent(text.trim())}`);
  }

  function submit(event) {
    event.preventDefault();
    ask(words);
  }

  return html`
    <${H1} text=${t('search.title')} />
    <form class="search" role="search" onSubmit=${submit}>
      <label class="vh" for="q">${t('search.label')}</label>
      <input
        class="in"
        id="q"
        type="search"
        value=${words}
        placeholder=${t('search.placeholder')}
        onInput=${(event) => type(event.target.value)}
      />
      <button class="btn">${t('search.button')}</button>
    </form>
    ${found.error && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.data && !found.error && html`<${Loading} />`}
    ${found.data && html`<${Results} found=${found.data} words=${asked} more=${() => setLimit(limit + PAGE)} />`}
  `;
}

function Results({ found, words, more }) {
  if (found.items.length === 0 && found.elsewhere.length > 0) {
    return html`<${Elsewhere} items=${found.elsewhere} />`;
  }
  if (found.items.length === 0) {
    return html`
      <section class="card">
        <p role="status">${t('search.nothing', { words })}</p>
        <p class="bar">
          ${SUGGESTIONS.map((word) => html`<a class="btn sec sm" href=${`#/search?q=${word}`}>${word}</a>`)}
        </p>
      </section>
    `;
  }
  return html`
    <p role="status" class="muted">${t('search.count', { n: found.total })}</p>
    <section class="card">
      <${ItemList} items=${found.items} />
      ${
        found.total > found.items.length &&
        html`
        <button class="btn sec block" onClick=${more}>${t('more')}</button>
      `
      }
    </section>
    <${Elsewhere} items=${found.elsewhere} />
  `;
}

/** What was found and is offered by other entries only: a sentence for each. */
function Elsewhere({ items }) {
  return (
    items.length > 0 &&
    html`
    <section class="card" aria-labelledby="elsewhere">
      <h2 id="elsewhere">${t('search.elsewhere')}</h2>
      <ul class="list">
        ${items.map(
          (item) => html`
          <li class="row fixed" key=${item.name}>
            <span class="grow">${t('search.offeredAt', { name: item.name, channels: item.channels.join('、') })}</span>
          </li>
        `,
        )}
      </ul>
    </section>
  `
  );
}

/** Service items as rows that lead to their guides. */
export function ItemList({ items }) {
  return html`
    <ul class="list">
      ${items.map(
        (item) => html`
          <li key=${item.code}>
            <${RowLink}
              href=${`#/guide/${item.code}`}
              title=${item.name}
              text=${[item.department, item.promised_text].filter(Boolean).join(' · ')}
            >
              ${item.fee_text && html`<${Tag} tone="ok">${item.fee_text}</${Tag}>`}
            </${RowLink}>
          </li>
        `,
      )}
    </ul>
  `;
}
