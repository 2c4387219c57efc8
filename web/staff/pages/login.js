// Officers sign in with their staff number and password.

import { html, useState } from '../../vendor/preact-htm.js';
import { boot } from '../../kit/i18n.js';
import { post } from '../../kit/api.js';
import { Failure, H1, useAct } from '../../kit/ui.js';
import { OwnPassword } from '../password.js';
import { SecondStep } from '../second-step.js';
import { welcome } from '../state.js';

const SECOND_STEP = 'second-factor-needed';
const MUST_CHANGE = 'password-must-be-changed';

export default function Login() {
  const [number, setNumber] = useState('');
  const [password, setPassword] = useState('');
  const [changing, setChanging] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    setChanging('');
    const session = await act.run(() => post('/api/staff/sessions', { staff_no: number.trim(), password }));
    if (session) {
      arrive(session);
    }
  }

  function arrive(session) {
    welcome(session.me, session.must_enrol);
  }

  function leave() {
    setChanging('');
    act.clear();
  }

  function changed(staffNo) {
    setNumber(staffNo);
    setPassword('');
    act.clear();
    setChanging('done');
  }

  if (act.error?.slug === SECOND_STEP) {
    return html`
      <${H1} text="完成登录" />
      <p>密码已核对。</p>
      <${SecondStep} asked=${act.error.members} done=${arrive} leave=${leave} />
    `;
  }
  const handedOut = act.error?.slug === MUST_CHANGE;
  if (handedOut || changing === 'asked') {
    return html`<${OwnPassword} number=${number} handedOut=${handedOut} done=${changed} leave=${leave} />`;
  }
  return html`
    <${H1} text="工作人员登录" />
    ${changing === 'done' && html`<div class="note ok" role="status">新密码已设置，请用新密码登录。</div>`}
    ${act.error && html`<${Failure} error=${act.error} />`}
    <form class="card form" onSubmit=${submit}>
      <div class="field">
        <label for="number">工号</label>
        <input
          class="in"
          id="number"
          required
          autocomplete="username"
          value=${number}
          onInput=${(event) => setNumber(event.target.value)}
        />
      </div>
      <div class="field">
        <label for="password">密码</label>
        <input
          class="in"
          id="password"
          type="password"
          required
          autocomplete="current-password"
          value=${password}
          onInput=${(event) => setPassword(event.target.value)}
        />
      </div>
      <button class="btn block" disabled=${act.busy}>登录</button>
    </form>
    <p><button class="btn sec sm" onClick=${() => setChanging('asked')}>修改密码</button></p>
    ${boot.demo && html`<${DemoStaff} choose=${setNumber} />`}
  `;
}

/** In the demo the made-up staff numbers are on the page; passwords differ per installation. */
function DemoStaff({ choose }) {
  return html`
    <section class="card" aria-labelledby="demo">
      <h2 id="demo">演示工号（点一下填入）</h2>
      <p class="muted">密码显示在启动演示的终端窗口里。</p>
      <ul class="list">
        ${boot.staff.map(
          (account) => html`
            <li key=${account.staff_no}>
              <button class="row" onClick=${() => choose(account.staff_no)}>
                <span class="grow"><b>${account.name}</b><small>${account.department}</small></span>
                <span class="mono">${account.staff_no}</span>
              </button>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}
