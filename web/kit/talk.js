// The conversation on a case to look at: bubbles, who and when, read or not, and a place to write.

import { html, useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { moment, t } from './i18n.js';
import { Failure, Icon, Loading, useLatest } from './ui.js';
import { openConversation } from './conversation.js';
import { discard, retry } from './outbox.js';

const LONGEST = 1000;
const MOST_PICTURES = 9;
const NEAR_END_PX = 80;

/** `listen` is the hook that calls back for live events; `show` opens a picture large, if given. */
export function Talk({ base, side, owner, marks = true, listen, show = null }) {
  const talk = useMemo(() => openConversation({ base, side, owner, marks }), [base, side, owner, marks]);
  const box = useRef(null);
  const end = useRef(null);
  const inView = useRef(false);
  const atEnd = useRef(true);
  const now = talk.state.value;
  const unsent = talk.unsent.value.length;
  const count = (now?.messages.length ?? 0) + unsent;
  listen(talk.hear);

  useEffect(() => talk.close, [talk]);

  const look = useLatest(() => {
    if (inView.current && document.visibilityState === 'visible') {
      talk.seen();
    }
  });

  useEffect(() => {
    const watch = new IntersectionObserver(([entry]) => {
      inView.current = entry.isIntersecting;
      look();
    });
    watch.observe(end.current);
    document.addEventListener('visibilitychange', look);
    return () => {
      watch.disconnect();
      document.removeEventListener('visibilitychange', look);
    };
  }, [talk]);

  // The newest message is what one came for; who reads older ones is left there.
  useEffect(() => {
    if (atEnd.current || unsent > 0) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [count, unsent]);

  function scrolled({ target }) {
    atEnd.current = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END_PX;
  }

  useEffect(look, [now]);

  return html`
    <div class="talk">
      ${talk.error.value && html`<${Failure} error=${talk.error.value} retry=${talk.reload} />`}
      ${!now && !talk.error.value && html`<${Loading} />`}
      ${now && count === 0 && html`<p class="muted">${t(`talk.none.${side}`)}</p>`}
      <div
        class=${count > 0 ? 'said' : 'said vh'}
        ref=${box}
        role="log"
        tabindex=${count > 0 ? 0 : -1}
        aria-label=${t('talk.said')}
        onScroll=${scrolled}
      >
        ${now?.messages.map(
          (message) => html`
            <${Bubble} key=${message.n} message=${message} read=${isRead(message, now)} side=${side} show=${show} />
          `,
        )}
        ${talk.unsent.value.map((record) => html`<${Unsent} key=${record.key} record=${record} />`)}
        <span class="end" ref=${end}></span>
      </div>
      ${
        now &&
        (now.may_write
          ? html`<${Write} talk=${talk} side=${side} draft=${`talk:${owner}:${base}`} />`
          : html`<p class="note">${now.closed_text}</p>`)
      }
    </div>
  `;
}

const isRead = ({ n, side }, now) => n <= (side === 'office' ? now.applicant_read : now.office_read);

function Bubble({ message, read, side, show }) {
  const ours = message.side === side;
  return html`
    <article class=${ours ? 'bubble ours' : 'bubble'}>
      <b>${message.mine ? t('talk.me') : message.author_text}</b>
      ${message.text && html`<p>${message.text}</p>`}
      ${
        message.pictures.length > 0 &&
        html`
        <ul class="thumbs">
          ${message.pictures.map(
            (picture, place) => html`
              <li key=${picture.id}><${Picture} picture=${picture} name=${t('talk.pictureNo', { n: place + 1 })} show=${show} /></li>
            `,
          )}
        </ul>
      `
      }
      <small>
        <time datetime=${message.sent_at}>${moment(message.sent_at)}</time>
        ${ours && html` · ${t(read ? 'talk.read' : 'talk.unread')}`}
      </small>
    </article>
  `;
}

function Picture({ picture, name, show }) {
  const inside = html`<img src=${picture.url} alt="" loading="lazy" /><span>${name}</span>`;
  return show
    ? html`<button class="thumb" onClick=${() => show({ name, url: picture.url })}>${inside}</button>`
    : html`<a class="thumb" href=${picture.url} target="_blank" rel="noopener">${inside}</a>`;
}

function Unsent({ record }) {
  return html`
    <article class="bubble ours unsent">
      <b>${t('talk.me')}</b>
      ${record.text && html`<p>${record.text}</p>`}
      ${record.pictures.length > 0 && html`<p>${t('talk.pictures', { n: record.pictures.length })}</p>`}
      <small class=${record.state === 'failed' ? 'msg' : ''}>
        ${t(`talk.${record.state}`)}${record.problem && `：${record.problem}`}
      </small>
      ${
        record.state === 'failed' &&
        html`
        <div class="bar">
          <button class="btn sec sm" onClick=${() => retry(record.key)}>${t('retry')}</button>
          <button class="btn plain sm" onClick=${() => discard(record.key)}>${t('talk.discard')}</button>
        </div>
      `
      }
    </article>
  `;
}

/** `draft` is where half a message waits while one looks something up on another screen. */
function Write({ talk, side, draft }) {
  const [text, setText] = useState(sessionStorage.getItem(draft) ?? '');
  const [files, setFiles] = useState([]);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);

  function type(words) {
    setText(words);
    sessionStorage.setItem(draft, words);
  }

  function choose(event) {
    setFiles((before) => [...before, ...event.target.files].slice(0, MOST_PICTURES));
    event.target.value = '';
  }

  async function send(event) {
    event.preventDefault();
    if (busy || (!text.trim() && files.length === 0)) {
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await talk.send(text.trim(), files);
      type('');
      setFiles([]);
    } catch {
      setProblem(t('upload.unreadable'));
    } finally {
      setBusy(false);
    }
  }

  return html`
    <form class="write" onSubmit=${send}>
      <div class="field">
        <label for="say">${t(`talk.say.${side}`)}</label>
        <textarea
          class="in"
          id="say"
          rows="2"
          maxlength=${LONGEST}
          value=${text}
          aria-describedby="say-hint"
          onInput=${(event) => type(event.target.value)}
        ></textarea>
        <p class="hint" id="say-hint">${t(`talk.hint.${side}`)}</p>
      </div>
      ${files.length > 0 && html`<${Chosen} files=${files} drop=${(file) => setFiles(files.filter((one) => one !== file))} />`}
      ${problem && html`<p class="msg" role="alert">${problem}</p>`}
      <div class="bar">
        <input class="vh pick" type="file" id="say-pictures" accept="image/*" multiple aria-label=${t('talk.addPicture')} onChange=${choose} />
        <label class="btn sec" for="say-pictures"><${Icon} name="camera" />${t('talk.picture')}</label>
        <button class="btn grow" disabled=${busy}>${t('talk.send')}</button>
      </div>
    </form>
  `;
}

function Chosen({ files, drop }) {
  return html`
    <ul class="plainlist">
      ${files.map(
        (file, place) => html`
          <li class="bar" key=${place}>
            <span class="grow">${file.name}</span>
            <button
              type="button"
              class="btn plain sm"
              aria-label=${t('talk.dropPicture', { name: file.name })}
              onClick=${() => drop(file)}
            >
              ${t('talk.drop')}
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}
