// Issue a licence by hand, or its next version: on a document, with fields by type, and joint eyes where needed.

import { html, useState } from '../../vendor/preact-htm.js';
import { get, newKey, post } from '../../kit/api.js';
import { ErrorSummary, Field, checkFields, errorsOf, tidy } from '../../kit/form.js';
import { Facts, Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { PersonFields, nobody } from '../person.js';

const empty = { document_no: '', cause: '', staff_no: '', password: '', code: '' };

const GROUND = [
  {
    key: 'document_no',
    label: '文书号',
    type: 'string',
    required: true,
    hint: '制发或变更所依据的决定、裁判文书的文号',
  },
  { key: 'cause', label: '原因', type: 'string', required: true },
];
const SECOND = [
  {
    key: 'staff_no',
    label: '复核人工号',
    type: 'string',
    required: true,
    hint: '这类证照须由本部门另一名工作人员现场复核',
  },
];

/** `id` is that of the licence to be changed; without it a new one is issued. */
export default function Issue({ id }) {
  return html`
    <p><a class="btn sec sm" href="#/licences">‹ 证照管理</a></p>
    <${H1} text=${id ? '变更证照' : '制发证照'} />
    ${id ? html`<${Next} id=${id} />` : html`<${New} />`}
  `;
}

function New() {
  const types = useData(() => get('/api/staff/licence-types'));
  const [type, setType] = useState('');
  const [holder, setHolder] = useState(nobody);
  const [draft, setDraft] = useState(null);
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const body = { licence_type: type, holder };
    setDraft((await act.run(() => post('/api/staff/licence-drafts', body))) ?? null);
  }

  if (types.error && !types.data) {
    return html`<${Failure} error=${types.error} retry=${types.reload} />`;
  }
  if (!types.data) {
    return html`<${Loading} />`;
  }
  if (draft) {
    const send = (order, key) => post('/api/staff/licences', { licence_type: type, holder, ...order }, { key });
    return html`<${Order} draft=${draft} holder=${holder} send=${send} button="确认制发" />`;
  }
  return html`
    <form class="card form" onSubmit=${submit}>
      <div class="field">
        <label for="type">证照类型</label>
        <select class="in" id="type" required value=${type} onChange=${(event) => setType(event.target.value)}>
          <option value="">请选择</option>
          ${types.data.types.map(({ code, name }) => html`<option key=${code} value=${code}>${name}</option>`)}
        </select>
      </div>
      <${PersonFields} id="holder" who="持证主体" value=${holder} change=${setHolder} />
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy}>下一步，填写证照内容</button>
    </form>
  `;
}

function Next({ id }) {
  const [draft, setDraft] = useState(null);
  const act = useAct();
  const path = `/api/staff/licences/${id}`;

  async function open() {
    setDraft((await act.run(() => post(`${path}/draft`))) ?? null);
  }

  if (draft) {
    return html`<${Order} draft=${draft} send=${(order, key) => post(`${path}/versions`, order, { key })} button="确认变更" />`;
  }
  return html`
    <section class="card">
      <p>调阅证照内容会记入持证主体的证照使用记录，并提醒持证主体。</p>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy} onClick=${open}>调阅内容并变更</button>
    </section>
  `;
}

/** What the licence says, the ground, the second officer; then the licence that came of it. */
function Order({ draft, holder, send, button }) {
  const [facts, setFacts] = useState(() => Object.fromEntries(draft.fields.map((field) => [field.key, field.value])));
  const [ground, setGround] = useState(empty);
  const [errors, setErrors] = useState(/** @type {Record<string, any>} */ ({}));
  const [turn, setTurn] = useState(0);
  const [made, setMade] = useState(null);
  const [key, setKey] = useState(newKey);
  const act = useAct();
  const rest = draft.needs_second ? [...GROUND, ...SECOND] : GROUND;

  function refuse(found) {
    setErrors(found);
    setTurn(turn + 1);
  }

  async function submit(event) {
    event.preventDefault();
    const found = { ...checkFields(draft.fields, facts), ...checkFields(rest, ground) };
    if (draft.needs_second && !ground.password) {
      found.password = '请由复核人输入密码';
    }
    if (Object.keys(found).length > 0) {
      refuse(found);
      return;
    }
    setErrors({});
    const { staff_no, password, code, document_no, cause } = ground;
    const order = { facts: tidy(draft.fields, facts), document_no: document_no.trim(), cause: cause.trim() };
    if (draft.needs_second) {
      order.second = { staff_no: staff_no.trim(), password, code };
    }
    await act.run(async () => {
      try {
        setMade(await send(order, key));
      } catch (problem) {
        // What is corrected is another request; the document number keeps it from doubling.
        setKey(newKey());
        refuse(errorsOf(problem));
        throw problem;
      }
    });
  }

  if (made) {
    return html`<${Made} licence=${made} />`;
  }
  return html`
    <form class="card stack" onSubmit=${submit} novalidate>
      <${ErrorSummary} errors=${errors} turn=${turn} />
      ${act.error && Object.keys(errors).length === 0 && html`<${Failure} error=${act.error} />`}
      <h2>${draft.name}</h2>
      ${holder && html`<${Facts} items=${[['持证主体', holder.name]]} />`}
      <p class="hint">证照编号由系统编排，照片沿用原证照。</p>
      ${draft.fields.map(
        (field) => html`
          <${Field}
            key=${field.key}
            field=${field}
            value=${facts[field.key]}
            error=${errors[field.key]}
            onInput=${(value) => setFacts((before) => ({ ...before, [field.key]: value }))}
          />
        `,
      )}
      <h2>依据</h2>
      ${rest.map(
        (field) => html`
          <${Field}
            key=${field.key}
            field=${field}
            value=${ground[field.key]}
            error=${errors[field.key]}
            onInput=${(value) => setGround((before) => ({ ...before, [field.key]: value }))}
          />
        `,
      )}
      ${
        draft.needs_second &&
        html`
        <div class=${errors.password ? 'field err' : 'field'}>
          <label for="f-password">复核人密码</label>
          ${errors.password && html`<span class="msg" id="f-password-error">${errors.password}</span>`}
          <input
            class="in"
            id="f-password"
            type="password"
            autocomplete="off"
            aria-describedby=${errors.password ? 'f-password-error' : null}
            value=${ground.password}
            onInput=${(event) => setGround((before) => ({ ...before, password: event.target.value }))}
          />
        </div>
        <div class="field">
          <label for="f-code">复核人动态口令<span class="optional">（登记过的必填）</span></label>
          <input
            class="in mono"
            id="f-code"
            maxlength="20"
            inputmode="numeric"
            autocomplete="off"
            value=${ground.code}
            onInput=${(event) => setGround((before) => ({ ...before, code: event.target.value }))}
          />
        </div>
      `
      }
      <button class="btn block" disabled=${act.busy}>${button}</button>
    </form>
  `;
}

function Made({ licence }) {
  return html`
    <section class="card" role="status">
      <h2>✓ 已签章并存入持证主体的证照包</h2>
      <${Facts}
        items=${[
          ['证照', licence.name],
          ['持证主体', licence.holder_masked],
          ['证照编号', licence.number_masked],
          ['证照标识', licence.identifier],
          ['有效期至', licence.valid_to ?? '长期'],
        ]}
      />
      <a class="btn sec" href="#/licences">返回证照管理</a>
    </section>
  `;
}
