// Messages: newest first; opening one marks it as read.

import { html } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { get, post } from '../../kit/api.js';
import { Failure, H1, Loading, Tag, useData } from '../../kit/ui.js';
import { go, useLive } from '../state.js';
import { Subscribe } from '../subscribe.js';

const PAGE = 50;

export default function Inbox() {
  const found = useData(() => get(`/api/citizen/inbox?limit=${PAGE}`));
  useLive(found.reload);
  if (found.error && !found.data) {
    return html`<${Failure} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }

  async function open(message) {
    if (!message.read) {
      await post(`/api/citizen/inbox/${message.id}/read`).catch(() => undefined);
    }
    const path = pathOf(message.link);
    if (path) {
      go(path);
    } else {
      found.reload();
    }
  }

  const { items, unread } = found.data;
  return html`
    <${H1} text=${t('inbox.title')} />
    <p role="status" class="muted">${unread > 0 ? t('inbox.unread', { n: unread }) : t('inbox.allRead')}</p>
    <${Subscribe} />
    ${items.length === 0
        ? html`<section class="card"><p>${t('inbox.none')}</p></section>`
        : html`
          <section class="card">
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
                  </li>
                `,
              )}
            </ul>
          </section>
        `
    }
  `;
}

/** The screen a message leads to: links are addresses of this app such as "/m/#/case/…". */
export function pathOf(link) {
  return link?.includes('#') ? link.split('#')[1] : null;
}
