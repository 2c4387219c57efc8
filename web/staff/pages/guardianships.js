// The registrar's desk: who is guardian of a child, recording and ending it by a document.

import { html, useState } from '../../vendor/preact-htm.js';
import { day } from '../../kit/i18n.js';
import { newKey, post } from '../../kit/api.js';
import { Failure, H1, useAct } from '../../kit/ui.js';
import { PersonFields, nobody } from '../person.js';

export default function Guardianships() {
  return html`
    <div class="bar">
      <a class="btn sec sm" href="#/">‹ 返回列表</a>
      <a class="btn sec sm" href="#/representatives">单位代表人登记</a>
    </div>
    <${H1} text="监护登记" />
    <${Search} />
    <${Record} />
  `;
}

function Search() {
  const [ward, setWard] = useState(nobody);
  const [found, setFound] = useState(null);
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    setFound((await act.run(() => post('/api/staff/guardianships/search', { ward }))) ?? null);
  }

  return html`
    <section class="card" aria-labelledby="search">
      <h2 id="search">查询监护人</h2>
      <form class="form" onSubmit=${submit}>
        <${PersonFields} id="search" who="未成年人" value=${ward} change=${setWard} />
        <button class="btn" disabled=${act.busy}>查询</button>
      </form>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div role="status">
        ${found?.guardians.length === 0 && html`<p>没有登记的监护人。</p>`}
        ${found?.guardians.map(({ name, until }) => html`<p key=${name}>监护人 ${name}，至 ${day(until)}</p>`)}
      </div>
    </section>
  `;
}

function Record() {
  const [ward, setWard] = useState(nobody);
  const [guardian, setGuardian] = useState(nobody);
  const [paper, setPaper] = useState('');
  const [done, setDone] = useState('');
  const act = useAct();

  async function send(path, words) {
    setDone('');
    const said = await act.run(async () => {
      const body = { ward, guardian, document_no: paper };
      return words(await post(path, body, { key: newKey() }));
    });
    if (said) {
      setWard(nobody);
      setGuardian(nobody);
      setPaper('');
      setDone(said);
    }
  }

  function submit(event) {
    event.preventDefault();
    const ending = event.submitter?.value === 'end';
    if (ending) {
      send('/api/staff/guardianships/ending', () => '监护关系已终止。');
      return;
    }
    send('/api/staff/guardianships', ({ until }) => `监护关系已登记，至 ${day(until)}。`);
  }

  return html`
    <section class="card" aria-labelledby="record">
      <h2 id="record">登记或终止监护</h2>
      <p class="muted">依据出生医学证明、户口簿或裁判文书登记。监护人须先实名登录过；未成年人满十八周岁时自动终止。</p>
      <form class="form" onSubmit=${submit}>
        <${PersonFields} id="ward" who="被监护人" value=${ward} change=${setWard} />
        <${PersonFields} id="guardian" who="监护人" value=${guardian} change=${setGuardian} />
        <div class="field">
          <label for="paper">依据文书号</label>
          <input class="in" id="paper" required maxlength="80" value=${paper} onInput=${(event) => setPaper(event.target.value)} />
        </div>
        ${act.error && html`<${Failure} error=${act.error} />`}
        <p role="status">${done}</p>
        <div class="bar">
          <button class="btn" value="record" disabled=${act.busy}>登记监护</button>
          <button class="btn danger" value="end" disabled=${act.busy}>终止监护</button>
        </div>
      </form>
    </section>
  `;
}
