// The second step of a sign-in: the password was right, now the code of an app or a passkey.

import { html, useState } from '../vendor/preact-htm.js';
import { post } from '../kit/api.js';
import { Failure, useAct } from '../kit/ui.js';
import { passkeysWork, sign } from './passkeys.js';

const BEGIN_ANEW = 'second-step-expired';

/** `asked` are the members of the refusal that asks for it; `done` gets the session, `leave` goes back. */
export function SecondStep({ asked, done, leave }) {
  const [code, setCode] = useState('');
  const act = useAct();
  const { ticket, ways } = asked;
  const late = act.error?.slug === BEGIN_ANEW;

  async function byCode(event) {
    event.preventDefault();
    const session = await act.run(() => post('/api/staff/sessions/code', { ticket, code }));
    if (session) {
      done(session);
      return;
    }
    setCode('');
    document.getElementById('code')?.focus();
  }

  async function byPasskey() {
    const session = await act.run(async () => {
      const challenge = await post('/api/staff/sessions/passkey-challenge', { ticket });
      return post('/api/staff/sessions/passkey', { ticket, ...(await sign(challenge)) });
    });
    if (session) {
      done(session);
    }
  }

  return html`
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${
      ways.includes('passkey') &&
      !late &&
      html`
      <section class="card form" aria-labelledby="by-passkey">
        <h2 id="by-passkey">通行密钥</h2>
        <p>按设备提示完成指纹、面容或 PIN 验证。</p>
        ${
          passkeysWork()
            ? html`<button class="btn block" disabled=${act.busy} onClick=${byPasskey}>使用通行密钥</button>`
            : html`<p class="hint">这个浏览器不支持通行密钥，请换一个浏览器。</p>`
        }
      </section>
    `
    }
    ${
      ways.includes('totp') &&
      !late &&
      html`
      <form class="card form" onSubmit=${byCode}>
        <h2>动态口令</h2>
        <div class="field">
          <label for="code">手机上显示的六位数字</label>
          <input
            class="in mono"
            id="code"
            required
            maxlength="20"
            inputmode="numeric"
            autocomplete="one-time-code"
            value=${code}
            onInput=${(event) => setCode(event.target.value)}
          />
        </div>
        <button class=${ways.includes('passkey') ? 'btn sec block' : 'btn block'} disabled=${act.busy}>登录</button>
      </form>
    `
    }
    ${!late && html`<${Recovery} asked=${asked} act=${act} done=${done} />`}
    <p><button class="btn sec sm" onClick=${leave}>‹ 重新输入密码</button></p>
  `;
}

/** Who lost the device asks; two operators confirm; then this is the way to enrol anew. */
function Recovery({ asked, act, done }) {
  const [state, setState] = useState(asked.recovery);
  const { ticket, ways } = asked;

  async function ask() {
    const answer = await act.run(() => post('/api/staff/sessions/recovery-request', { ticket }));
    if (answer) {
      setState(answer.state);
    }
  }

  async function enter() {
    const session = await act.run(() => post('/api/staff/sessions/recovery', { ticket }));
    if (session) {
      done(session);
    }
  }

  return html`
    <section class="card form" aria-labelledby="lost">
      <h2 id="lost">设备丢失</h2>
      ${state !== 'confirmed' && ways.length === 0 && html`<p>您登记的登录方式都已停用。</p>`}
      ${
        state === 'confirmed' &&
        html`
        <p>两位管理员已确认。请重新登记登录方式，原来的随即作废。</p>
        <button class="btn block" disabled=${act.busy} onClick=${enter}>重新登记登录方式</button>
      `
      }
      ${
        state === 'asked' &&
        html`<p role="status">恢复申请已提交。请联系两位管理员当面确认，确认后重新输入密码登录。申请一天内有效。</p>`
      }
      ${
        !state &&
        html`
        <p>手机或钥匙丢失、损坏时，由两位管理员确认后重新登记。</p>
        <button class="btn sec block" disabled=${act.busy} onClick=${ask}>申请恢复登录</button>
      `
      }
    </section>
  `;
}
