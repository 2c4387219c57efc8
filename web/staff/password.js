// An officer sets an own password: in place of the one that was handed out, or of the present one.

import { html, useState } from '../vendor/preact-htm.js';
import { put } from '../kit/api.js';
import { Failure, H1, useAct } from '../kit/ui.js';

const DIFFERENT = { title: '两次输入的新密码不一样，请重新输入' };

export function OwnPassword({ number, handedOut, done, leave }) {
  const [values, setValues] = useState({ number, password: '', fresh: '', again: '' });
  const [different, setDifferent] = useState(false);
  const act = useAct();
  const fill = (field) => (event) => setValues((before) => ({ ...before, [field]: event.target.value }));

  async function submit(event) {
    event.preventDefault();
    setDifferent(values.fresh !== values.again);
    if (values.fresh !== values.again) {
      return;
    }
    const body = { staff_no: values.number.trim(), password: values.password, new_password: values.fresh };
    if ((await act.run(() => put('/api/staff/password', body))) === null) {
      done(body.staff_no);
    }
  }

  return html`
    <${H1} text="设置新密码" />
    ${handedOut && html`<p>您用的是管理员发放的初始密码。请设置只有您自己知道的新密码，再用它登录。</p>`}
    ${different && html`<${Failure} error=${DIFFERENT} />`}
    ${act.error && html`<${Failure} error=${act.error} />`}
    <form class="card form" onSubmit=${submit}>
      <div class="field">
        <label for="number">工号</label>
        <input class="in" id="number" required maxlength="32" autocomplete="username" value=${values.number} onInput=${fill('number')} />
      </div>
      <div class="field">
        <label for="present">${handedOut ? '初始密码' : '现在的密码'}</label>
        <input class="in" id="present" type="password" required maxlength="256" autocomplete="current-password" value=${values.password} onInput=${fill('password')} />
      </div>
      <div class="field">
        <label for="fresh">新密码</label>
        <p class="hint" id="fresh-hint">至少 10 个字符，不要包含工号。</p>
        <input class="in" id="fresh" type="password" required minlength="10" maxlength="256" aria-describedby="fresh-hint" autocomplete="new-password" value=${values.fresh} onInput=${fill('fresh')} />
      </div>
      <div class="field">
        <label for="again">再输入一次新密码</label>
        <input class="in" id="again" type="password" required minlength="10" maxlength="256" autocomplete="new-password" value=${values.again} onInput=${fill('again')} />
      </div>
      <button class="btn block" disabled=${act.busy}>设置新密码</button>
    </form>
    <p><button class="btn sec sm" onClick=${leave}>‹ 返回登录</button></p>
  `;
}
