// One officer at the accounts desk: power, lock, password, leave, dismissal, and who changed what.

import { html, useState } from '../../vendor/preact-htm.js';
import { day } from '../../kit/i18n.js';
import { del, get, newKey, post, put } from '../../kit/api.js';
import { FailedScreen, Facts, Failure, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { DeskTop, PowerFields, StartPassword, WithCause, powerOf, roleNames, term, useDepartments } from '../desk.js';
import { me } from '../state.js';
import { STANDING } from './accounts.js';

export default function Officer({ id }) {
  const path = `/api/staff/officers/${id}`;
  const found = useData(() => get(path), [path]);
  const departments = useDepartments();
  const [said, setSaid] = useState(null);
  const one = found.data;

  function done(words) {
    return (outcome) => {
      const waits = outcome?.proposal_id && '已提交申请，须由另一名账号管理员批准。';
      setSaid({ words: waits || words, password: outcome?.start_password });
      found.reload();
    };
  }

  if (!one) {
    return found.error ? html`<${FailedScreen} error=${found.error} retry=${found.reload} />` : html`<${Loading} />`;
  }
  const [tone, words] = STANDING[one.standing];
  const own = one.id === me.value.id;
  return html`
    <${DeskTop} at="accounts" text=${one.name} />
    <div role="status">${said && html`<p class="note ok">${said.words}</p>`}</div>
    ${said?.password && html`<${StartPassword} who=${one.name} password=${said.password} close=${() => setSaid(null)} />`}
    <section class="card" aria-label="账号">
      <p>
        <${Tag} tone=${tone}>${words}</${Tag}>
        ${one.away_until && html` <${Tag} tone="idle">休假至 ${day(one.away_until)}</${Tag}>`}
      </p>
      <${Facts}
        items=${[
          ['工号', one.staff_no],
          ['职务', one.title],
          ['部门', one.standing === 'waiting' ? '—' : departments.nameOf(one.department)],
          ['岗位', roleNames(one.roles)],
          ['任期', term(one.valid_from, one.valid_to)],
        ]}
      />
      ${one.open_proposal && html`<p class="note warn">有一项申请等待另一名账号管理员批准。</p>`}
      ${own ? html`<p class="muted">这是您本人的账号，须由另一名账号管理员办理。</p>` : html`<${Acts} one=${one} path=${path} done=${done} />`}
      <p><a href=${`#/changes/${`officer:${one.id}`}`}>查看这个账号的变更记录</a></p>
    </section>
    ${!own && html`<${Power} key=${`${one.roles}${one.department}${one.valid_to}${one.standing}`} one=${one} path=${path} departments=${departments} done=${done} />`}
    <${Names} key=${one.name + one.title} one=${one} path=${path} done=${done('姓名、职务已修改。')} />
    ${one.standing !== 'dismissed' && html`<${Leave} path=${path} done=${found.reload} />`}
  `;
}

function Acts({ one, path, done }) {
  if (one.standing === 'dismissed') {
    return html`<p class="muted">恢复岗位：在下面选择岗位并提交申请，批准后发放新的初始密码。</p>`;
  }
  const send = (act) => (cause) => post(`${path}/${act}`, { cause }, { key: newKey() });
  return html`
    <div class="bar">
      ${
        one.standing === 'locked'
          ? html`<${WithCause} key="unlock" id="unlock" name="解锁" question="解锁后，本人可用原密码登录。" run=${send('unlock')} done=${done('账号已解锁。')} />`
          : html`<${WithCause} key="lock" id="lock" name="锁定" question="立即退出所有登录，待批准的申请同时撤回。" run=${send('lock')} done=${done('账号已锁定，所有登录已退出。')} />`
      }
      ${
        one.standing !== 'waiting' &&
        html`<${WithCause} key="reset" id="reset" name="重置密码" question="请先核对本人身份。原密码和所有登录立即失效。" run=${send('start-password')} done=${done('密码已重置。')} />`
      }
      <${WithCause} key="dismiss" id="dismiss" name="停用" danger question="立即停用账号，退出所有登录。恢复须两人办理。" run=${send('dismissal')} done=${done('账号已停用，所有登录已退出。')} />
    </div>
  `;
}

function Power({ one, path, departments, done }) {
  const [values, setValues] = useState({
    roles: one.roles,
    department: one.department ?? '',
    valid_from: one.valid_from ?? '',
    valid_to: one.valid_to ?? '',
    cause: '',
  });
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const outcome = await act.run(() => post(`${path}/power`, powerOf(values), { key: newKey() }));
    if (outcome) {
      setValues((before) => ({ ...before, cause: '' }));
      done('权限已缩减，立即生效。')(outcome);
    }
  }

  return html`
    <form class="card form" onSubmit=${submit} aria-labelledby="power">
      <h2 id="power">岗位与任期</h2>
      <p class="muted">减少岗位、缩短任期立即生效；增加岗位、换部门、延长任期须由另一名账号管理员批准。</p>
      <${PowerFields} id="power" values=${values} change=${setValues} departments=${departments} />
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy}>提交</button>
    </form>
  `;
}

function Names({ one, path, done }) {
  const [values, setValues] = useState({ name: one.name, title: one.title });
  const act = useAct();
  const fill = (field) => (event) => setValues((before) => ({ ...before, [field]: event.target.value }));

  async function submit(event) {
    event.preventDefault();
    if ((await act.run(() => put(path, values))) === null) {
      done(null);
    }
  }

  return html`
    <form class="card form" onSubmit=${submit} aria-labelledby="names">
      <h2 id="names">姓名与职务</h2>
      <div class="cols">
        <div class="field">
          <label for="name">姓名</label>
          <input class="in" id="name" required maxlength="40" value=${values.name} onInput=${fill('name')} />
        </div>
        <div class="field">
          <label for="title">职务（选填）</label>
          <input class="in" id="title" maxlength="40" value=${values.title} onInput=${fill('title')} />
        </div>
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn sec" disabled=${act.busy}>保存</button>
    </form>
  `;
}

function Leave({ path, done }) {
  const empty = { from_on: '', to_on: '', substitute_no: '' };
  const found = useData(() => get(`${path}/absences`), [path]);
  const [values, setValues] = useState(empty);
  const act = useAct();
  const fill = (field) => (event) => setValues((before) => ({ ...before, [field]: event.target.value }));
  const today = new Date().toISOString().slice(0, 10);

  async function run(send) {
    if ((await act.run(send)) !== undefined) {
      setValues(empty);
      found.reload();
      done();
    }
  }

  function submit(event) {
    event.preventDefault();
    const body = { ...values, substitute_no: values.substitute_no.trim() || null };
    run(() => post(`${path}/absences`, body, { key: newKey() }));
  }

  return html`
    <section class="card" aria-labelledby="leave">
      <h2 id="leave">请假与代班</h2>
      <p class="muted">代班人须是本部门在岗人员，只按本人岗位办理，不因代班增加权限。</p>
      ${found.error && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${found.data?.absences.length === 0 && html`<p>没有登记请假。</p>`}
      ${found.data?.absences.map(
        (one) => html`
          <p class="bar" key=${one.id}>
            <span class="grow">${day(one.from_on)} 至 ${day(one.to_on)}${one.substitute_name && `，${one.substitute_name}代班`}</span>
            ${one.to_on >= today && html`<button class="btn plain sm" disabled=${act.busy} onClick=${() => run(() => del(`/api/staff/officers/absences/${one.id}`))}>取消这次请假</button>`}
          </p>
        `,
      )}
      <form class="form" onSubmit=${submit}>
        <div class="cols">
          <div class="field">
            <label for="from-on">开始日</label>
            <input class="in" id="from-on" type="date" required value=${values.from_on} onInput=${fill('from_on')} />
          </div>
          <div class="field">
            <label for="to-on">结束日</label>
            <input class="in" id="to-on" type="date" required value=${values.to_on} onInput=${fill('to_on')} />
          </div>
        </div>
        <div class="field">
          <label for="substitute">代班人工号（选填）</label>
          <input class="in" id="substitute" maxlength="32" autocomplete="off" value=${values.substitute_no} onInput=${fill('substitute_no')} />
        </div>
        ${act.error && html`<${Failure} error=${act.error} />`}
        <button class="btn sec" disabled=${act.busy}>登记请假</button>
      </form>
    </section>
  `;
}
