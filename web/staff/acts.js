// What an officer may do with a case: accept, decline, ask once for everything, approve, refuse.

import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { get, post } from '../kit/api.js';
import { ErrorSummary, Field, checkFields, errorsOf, tidy } from '../kit/form.js';
import { Failure, Loading, useAct, useLatest } from '../kit/ui.js';

const NAMES = {
  accept: '受理',
  decline: '不予受理',
  request_supplement: '要求补正',
  approve: '批准',
  refuse: '不予许可',
};

// Decisions against the applicant need a reason; path is the act's address below the case.
const NEGATIVE = {
  decline: { path: 'declined-acceptance', label: '不予受理的理由', button: '确定不予受理' },
  refuse: { path: 'refusal', label: '不予许可的理由和依据', button: '确定不予许可' },
};

const COMMON_REASONS = ['照片看不清，请重新拍', '缺少盖章或签字', '内容与申请不一致', '已过有效期，请换新的'];

/** Pictures come from the materials, and the number is allotted when the licence is made: neither is typed. */
function isWritten(field) {
  const allotted = field.required && field.value === null && !field.missing;
  return field.type !== 'image' && !allotted;
}

/** On what ground another department's case is here, and why something cannot be done; the server says both. */
function Ground({ one }) {
  const reasons = [...new Set(one.withheld.filter(({ act }) => act in NAMES).map(({ text }) => text))];
  const acts = (why) =>
    one.withheld.filter(({ act, text }) => act in NAMES && text === why).map(({ act }) => NAMES[act]);
  return html`
    ${one.basis_text && html`<p><b>${one.basis_text}</b></p>`}
    ${reasons.map((why) => html`<p key=${why} class="msg">不能${acts(why).join('、')}：${why}</p>`)}
  `;
}

/** The panel of acts; `changed` receives the case as it is afterwards. */
export function Acts({ one, changed }) {
  const [open, setOpen] = useState(null);
  const acts = one.may.filter((act) => act in NAMES);

  useEffect(() => setOpen(null), [one.state]);

  if (acts.length === 0) {
    return html`
      <section class="card">
        <h2>办理</h2>
        <${Ground} one=${one} />
        <p class="muted">这个办件现在没有需要您做的事。</p>
      </section>
    `;
  }
  return html`
    <section class="card" aria-labelledby="acts">
      <h2 id="acts">办理</h2>
      <${Ground} one=${one} />
      <div class="filters" role="group" aria-label="选择要做的事">
        ${acts.map(
          (act) => html`
            <button
              class="btn sec"
              key=${act}
              aria-pressed=${String(open === act)}
              onClick=${() => setOpen(act)}
            >
              ${NAMES[act]}
            </button>
          `,
        )}
      </div>
      ${open === 'accept' && html`<${Accept} one=${one} changed=${changed} />`}
      ${open in NEGATIVE && html`<${Reason} key=${open} one=${one} changed=${changed} ...${NEGATIVE[open]} />`}
      ${open === 'request_supplement' && html`<${Supplement} one=${one} changed=${changed} />`}
      ${open === 'approve' && html`<${Approve} one=${one} changed=${changed} />`}
    </section>
  `;
}

function usePost(one, changed) {
  const act = useAct();
  return {
    ...act,
    async send(path, body) {
      const answer = await act.run(() => post(`/api/staff/cases/${one.id}/${path}`, body));
      if (answer) {
        changed(answer);
      }
    },
  };
}

function Accept({ one, changed }) {
  const act = usePost(one, changed);
  return html`
    ${act.error && html`<${Failure} error=${act.error} />`}
    <p>材料齐全、符合法定形式的，应当受理。受理后开始计算办理时限。</p>
    <button class="btn block" disabled=${act.busy} onClick=${() => act.send('acceptance')}>确定受理</button>
  `;
}

function Reason({ one, changed, path, label, button }) {
  const [reason, setReason] = useState('');
  const [error, setError] = useState('');
  const act = usePost(one, changed);

  function submit(event) {
    event.preventDefault();
    if (!reason.trim()) {
      setError(`请填写${label}`);
      return;
    }
    setError('');
    act.send(path, { reason: reason.trim() });
  }

  return html`
    <form class="stack" onSubmit=${submit}>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <${Field}
        field=${{ key: 'reason', label, type: 'text', required: true, hint: '申请人会看到这段话' }}
        value=${reason}
        error=${error}
        onInput=${setReason}
      />
      <button class="btn danger block" disabled=${act.busy}>${button}</button>
    </form>
  `;
}

/** One notice that names everything (Administrative Licensing Law art. 32). */
function Supplement({ one, changed }) {
  const [reasons, setReasons] = useState({});
  const [note, setNote] = useState('');
  const [complaint, setComplaint] = useState('');
  const act = usePost(one, changed);
  const chosen = Object.keys(reasons);

  function toggle(code) {
    const rest = { ...reasons };
    if (code in rest) {
      delete rest[code];
    } else {
      rest[code] = '';
    }
    setReasons(rest);
  }

  function submit(event) {
    event.preventDefault();
    if (chosen.length === 0) {
      setComplaint('请选择至少一份要补正的材料');
      return;
    }
    if (chosen.some((code) => !reasons[code].trim())) {
      setComplaint('请写明每份材料的补正原因');
      return;
    }
    setComplaint('');
    const items = chosen.map((code) => ({ code, reason: reasons[code].trim() }));
    act.send('supplements', { items, note: note.trim(), due_on: null });
  }

  return html`
    <form class="stack" onSubmit=${submit}>
      <p>请一次告知需要补正的全部内容。补正期间不计入承诺时限；受理后要求补正的，法定时限照常计算。</p>
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${complaint && html`<p class="msg" role="alert">${complaint}</p>`}
      <fieldset class="field">
        <legend>要补正的材料</legend>
        ${one.materials.map(
          (material) => html`
            <div key=${material.code}>
              <label class="choice">
                <input
                  type="checkbox"
                  checked=${material.code in reasons}
                  onChange=${() => toggle(material.code)}
                />
                ${material.name}
              </label>
              ${
                material.code in reasons &&
                html`
                <${ReasonOf}
                  material=${material}
                  value=${reasons[material.code]}
                  change=${(text) => setReasons((before) => ({ ...before, [material.code]: text }))}
                />
              `
              }
            </div>
          `,
        )}
      </fieldset>
      <${Field}
        field=${{ key: 'note', label: '补充说明', type: 'text', required: false }}
        value=${note}
        onInput=${setNote}
      />
      <button class="btn block" disabled=${act.busy}>发出补正通知</button>
    </form>
  `;
}

function ReasonOf({ material, value, change }) {
  const id = `r-${material.code}`;
  return html`
    <div class="field">
      <label for=${id}>原因：${material.name}</label>
      <input class="in" id=${id} value=${value} onInput=${(event) => change(event.target.value)} />
      <div class="bar">
        ${COMMON_REASONS.map(
          (reason) => html`
            <button type="button" class="btn plain sm" key=${reason} onClick=${() => change(reason)}>${reason}</button>
          `,
        )}
      </div>
    </div>
  `;
}

/** Opinion, and what the licence will say: drafted from the form, completed by the officer. */
function Approve({ one, changed }) {
  const [draft, setDraft] = useState(null);
  const [facts, setFacts] = useState({});
  const [opinion, setOpinion] = useState('经审查，申请材料齐全，符合法定条件，准予许可。');
  const [errors, setErrors] = useState(/** @type {Record<string, any>} */ ({}));
  const [turn, setTurn] = useState(0);
  const loading = useAct();
  const act = useAct();

  const read = useLatest(async () => {
    const answer = await loading.run(() => get(`/api/staff/cases/${one.id}/licence-draft`));
    if (answer) {
      setDraft(answer);
      setFacts(Object.fromEntries(answer.fields.map((field) => [field.key, field.value])));
    }
  });

  useEffect(() => {
    read();
  }, []);

  function refuse(found) {
    setErrors(found);
    setTurn(turn + 1);
  }

  async function submit(event) {
    event.preventDefault();
    const fields = draft.fields.filter(isWritten);
    const found = checkFields(fields, facts);
    if (!opinion.trim()) {
      found.opinion = '请填写审批意见';
    }
    if (Object.keys(found).length > 0) {
      refuse(found);
      return;
    }
    setErrors({});
    await act.run(async () => {
      try {
        changed(
          await post(`/api/staff/cases/${one.id}/approval`, {
            opinion: opinion.trim(),
            facts: tidy(fields, facts),
          }),
        );
      } catch (problem) {
        refuse(errorsOf(problem));
        throw problem;
      }
    });
  }

  if (loading.error) {
    return html`<${Failure} error=${loading.error} retry=${read} />`;
  }
  if (!draft) {
    return html`<${Loading} />`;
  }
  return html`
    <form class="stack" onSubmit=${submit} novalidate>
      <${ErrorSummary} errors=${errors} turn=${turn} />
      ${act.error && Object.keys(errors).length === 0 && html`<${Failure} error=${act.error} />`}
      <${Field}
        field=${{ key: 'opinion', label: '审批意见', type: 'text', required: true }}
        value=${opinion}
        error=${errors.opinion}
        onInput=${setOpinion}
      />
      ${
        draft.licence_type
          ? html`
            <h3>证照内容：${draft.name}</h3>
            <p class="hint">已按申请内容填好，请核对并补全。批准后自动制证、盖章。</p>
            ${draft.fields.filter(isWritten).map(
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
          `
          : html`<p class="hint">这个事项不产生电子证照，批准后直接办结。</p>`
      }
      <button class="btn block" disabled=${act.busy}>确定批准</button>
    </form>
  `;
}
