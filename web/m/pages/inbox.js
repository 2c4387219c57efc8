// Messages: newest first; opening one marks it as read; what is done with can be put away.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment, t, upTo } from '../../kit/i18n.js';
import { More, useList } from '../../kit/list.js';
import { del, post } from '../../kit/api.js';
import { Failure, H1, Loading, Tag, useAct } from '../../kit/ui.js';
import { Connection } from './case.js';
import { go, useLive } from '../state.js';
import { Subscribe } from '../subscribe.js';

const PATH = '/api/citizen/inbox';

export default function Inbox() {
  const [archived, setArchived] = useState(false);
  return html`
    <${H1} text=${t('inbox.title')} />
    <div class="bar">
      <div class="bar" role="group" aria-label=${t('inbox.which')}>
        <button class="btn sec sm" aria-pressed=${String(!archived)} onClick=${() => setArchived(false)}>${t('inbox.atHand')}</button>
        <button class="btn sec sm" aria-pressed=${String(archived)} onClick=${() => setArchived(true)}>${t('inbox.archived')}</button>
      </div>
      <${Connection} />
    </div>
    <${Subscribe} />
    <${Messages} key=${archived} archived=${archived} />
    <p><a class="btn sec block" href="#/notices">${t('notices.title')}</a></p>
  `;
}

/** Those at hand, or those put away. */
function Messages({ archived }) {
  const found = useList(PATH, { query: { archived: archived || null } });
  const act = useAct();
  useLive(found.reload);

  async function change(work) {
    await act.run(work);
    await found.reload();
  }

  async function open(message) {
    if (!message.read) {
      await post(`${PATH}/${message.id}/read`).catch(() => undefined);
    }
    const path = pathOf(message.link);
    if (path) {
      go(path);
    } else {
      found.reload();
    }
  }

  if (!found.items) {
    return found.error ? html`<${Failure} error=${found.error} retry=${found.reload} />` : html`<${Loading} />`;
  }
  const { items } = found;
  const { unread } = found.answer;
  if (items.length === 0) {
    return html`<section class="card"><p role="status">${t(archived ? 'inbox.noneArchived' : 'inbox.none')}</p></section>`;
  }
  return html`
    ${
      !archived &&
      html`
      <div class="bar">
        <span role="status" class="muted">${unread > 0 ? t('inbox.unread', { n: upTo(unread) }) : t('inbox.allRead')}</span>
        ${
          unread > 0 &&
          html`
          <button class="btn plain sm" disabled=${act.busy} onClick=${() => change(() => post(`${PATH}/read`))}>${t('inbox.readAll')}</button>
        `
        }
      </div>
    `
    }
    ${act.error && html`<${Failure} error=${act.error} />`}
    <section class="card" aria-label=${t('inbox.title')}>
      <ul class="list">
        ${items.map(
          (message) => html`
            <li key=${message.id}>
              <button class="row" onClick=${() => open(message)}>
                <span class="grow">
                  <b>${message.title}</b>
                  <small>${message.body}</small>
                  <small>${moment(message.at)}</small>
                </span>
                ${!message.read && html`<${Tag}>${t('inbox.new')}</${Tag}>`}
              </button>
              <${Away} message=${message} archived=${archived} busy=${act.busy} change=${change} />
            </li>
          `,
        )}
      </ul>
      <${More} list=${found} />
    </section>
  `;
}

function Away({ message, archived, busy, change }) {
  const path = `${PATH}/${message.id}/archive`;
  const label = t(archived ? 'inbox.restore' : 'inbox.archive');
  return html`
    <button
      class="btn plain sm"
      disabled=${busy}
      aria-label=${`${label}：${message.title}`}
      onClick=${() => change(() => (archived ? del(path) : post(path)))}
    >
      ${label}
    </button>
  `;
}

/** The screen a message leads to: links are addresses of this app such as "/m/#/case/…". */
export function pathOf(link) {
  return link?.includes('#') ? link.split('#')[1] : null;
}
