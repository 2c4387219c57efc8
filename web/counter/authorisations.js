// What holders let this counter's department see, and one-time links that a citizen brings.

import { html, useState } from '../vendor/preact-htm.js';
import { moment } from '../kit/i18n.js';
import { More, useList } from '../kit/list.js';
import { Facts, Failure, H1, Loading, Tag, useAct } from '../kit/ui.js';
import { signed } from './device.js';

const GRANTS = '/api/counter/authorisations';

export default function Authorisations({ counter }) {
  const [seen, setSeen] = useState(null);
  const found = useList(GRANTS, { name: 'authorisations', read: (path) => signed(counter, 'GET', path) });

  function show(answer) {
    setSeen(answer);
    found.reload();
    scrollTo(0, 0);
  }

  return html`
    <p><a class="btn sec sm" href="#/">‹ 返回核验</a></p>
    <${H1} text="按授权查看" />
    <div aria-live="assertive">${seen && html`<${Seen} seen=${seen} close=${() => setSeen(null)} />`}</div>
    <${Link} counter=${counter} show=${show} />
    <section class="card" aria-labelledby="granted">
      <h2 id="granted">授权给本部门的证照</h2>
      <p class="muted">每次查看计一次使用，并记入持证人的证照使用记录。</p>
      ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${!found.items && !found.error && html`<${Loading} />`}
      ${found.items?.length === 0 && html`<p>还没有授权给本部门的证照。</p>`}
      ${found.items?.map((one) => html`<${Grant} key=${one.id} counter=${counter} one=${one} show=${show} />`)}
      <${More} list=${found} />
    </section>
  `;
}

function Seen({ seen, close }) {
  return html`
    <section class="card" aria-label="授权内容">
      <h2>${seen.licence_name}</h2>
      <p><${Tag} tone=${seen.state === 'valid' ? 'ok' : 'warn'}>${seen.state_text}</${Tag}></p>
      <${Facts}
        items=${[
          ['颁证机关', seen.issuer],
          ['用途', seen.purpose],
          ...seen.fields.map(({ label, value }) => [label, value]),
          ['还可查看', `${seen.uses_left} 次`],
        ]}
      />
      <button class="btn sec" onClick=${close}>收起</button>
    </section>
  `;
}

function Grant({ counter, one, show }) {
  const act = useAct();
  const open = one.state === 'accepted';

  async function use() {
    const answer = await act.run(() => signed(counter, 'POST', `${GRANTS}/${one.id}/uses`, { purpose: '' }));
    if (answer) {
      show(answer);
    }
  }

  return html`
    <article class="card">
      <h3>${one.licence_name}：${one.holder_name}</h3>
      <p><${Tag} tone=${open ? 'ok' : 'idle'}>${one.state_text}</${Tag}></p>
      <${Facts}
        items=${[
          ['用途', one.purpose],
          ['可看', one.fields.join('、')],
          ['至', moment(one.ends_at)],
          ['次数', `已用 ${one.used} 次，共 ${one.max_uses} 次`],
        ]}
      />
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${open && html`<button class="btn" disabled=${act.busy} onClick=${use}>查看：${one.licence_name}，${one.holder_name}</button>`}
    </article>
  `;
}

/** The token is the last part of the address the citizen shows. */
export function tokenOf(link) {
  return link.trim().split('/').at(-1) ?? '';
}

function Link({ counter, show }) {
  const [link, setLink] = useState('');
  const [code, setCode] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const body = { token: tokenOf(link), code: code.trim() };
    const answer = await act.run(() => signed(counter, 'POST', '/api/counter/shared', body));
    if (answer) {
      setLink('');
      setCode('');
      show(answer);
    }
  }

  return html`
    <form class="card form" onSubmit=${submit}>
      <h2>打开市民的分享链接</h2>
      <div class="field">
        <label for="link">分享链接</label>
        <input class="in" id="link" required autocomplete="off" value=${link} onInput=${(event) => setLink(event.target.value)} />
      </div>
      <div class="field">
        <label for="share-code">提取码</label>
        <input class="in mono" id="share-code" required maxlength="16" autocomplete="off" value=${code} onInput=${(event) => setCode(event.target.value)} />
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy}>查看一次</button>
    </form>
  `;
}
