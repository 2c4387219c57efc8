// The registrar's second desk: who represents an organisation, recorded by one, agreed to by another.

import { html, useState } from '../../vendor/preact-htm.js';
import { newKey, post } from '../../kit/api.js';
import { moment } from '../../kit/i18n.js';
import { More, useList } from '../../kit/list.js';
import { Failure, H1, Loading, useAct } from '../../kit/ui.js';
import { PersonFields, nobody } from '../person.js';

export default function Representatives() {
  const found = useList('/api/staff/representatives');
  return html`
    <p><a class="btn sec sm" href="#/guardianships">‹ 监护登记</a></p>
    <${H1} text="单位代表人登记" />
    <section class="card" aria-labelledby="waiting">
      <h2 id="waiting">等待复核</h2>
      ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${!found.items && !found.error && html`<${Loading} />`}
      ${found.items?.length === 0 && html`<p role="status">没有等待复核的登记。</p>`}
      <ul class="list">
        ${found.items?.map((one) => html`<${Waiting} key=${one.id} one=${one} changed=${found.reload} />`)}
      </ul>
      ${found.items && html`<${More} list=${found} />`}
    </section>
    <${Record} made=${found.reload} />
  `;
}

function Waiting({ one, changed }) {
  const act = useAct();
  async function send(path) {
    await act.run(() => post(`/api/staff/representatives/${one.id}/${path}`));
    changed();
  }
  return html`
    <li class="row">
      <span class="grow">
        <b>${one.organisation}</b>
        <small>${[one.uscc, one.person_masked, one.document_no, moment(one.recorded_at)].join(' · ')}</small>
        ${act.error && html`<${Failure} error=${act.error} />`}
      </span>
      ${one.may.includes('agree') && html`<button class="btn sm" disabled=${act.busy} onClick=${() => send('agreement')}>复核通过</button>`}
      <button class="btn sec sm" disabled=${act.busy} onClick=${() => send('refusal')}>${one.may.includes('agree') ? '不予登记' : '撤回'}</button>
    </li>
  `;
}

function Record({ made }) {
  const [firm, setFirm] = useState(nobody);
  const [person, setPerson] = useState(nobody);
  const [paper, setPaper] = useState('');
  const [done, setDone] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    setDone('');
    const body = { uscc: firm.id_no, organisation: firm.name, person, document_no: paper };
    if (await act.run(() => post('/api/staff/representatives', body, { key: newKey() }))) {
      setFirm(nobody);
      setPerson(nobody);
      setPaper('');
      setDone('已登记，请另一位登记员复核。');
      made();
    }
  }

  return html`
    <section class="card" aria-labelledby="record">
      <h2 id="record">登记代表人</h2>
      <p class="muted">依据任职文件、决议或裁判文书登记。复核通过后，原代表人的权限和已有的办事授权立即终止。</p>
      <form class="form" onSubmit=${submit}>
        <${PersonFields} id="firm" who="单位" value=${firm} change=${setFirm} />
        <${PersonFields} id="person" who="代表人" value=${person} change=${setPerson} />
        <div class="field">
          <label for="paper">依据文书号</label>
          <input class="in" id="paper" required maxlength="80" value=${paper} onInput=${(event) => setPaper(event.target.value)} />
        </div>
        ${act.error && html`<${Failure} error=${act.error} />`}
        <p role="status">${done}</p>
        <button class="btn" disabled=${act.busy}>登记</button>
      </form>
    </section>
  `;
}
