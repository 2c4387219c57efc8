// The licence officer's desk: find and change a licence, take existing ones in, answer complaints.

import { html, useEffect, useState } from '../../vendor/preact-htm.js';
import { moment } from '../../kit/i18n.js';
import { get, post, request, withQuery } from '../../kit/api.js';
import { More, useList } from '../../kit/list.js';
import { Facts, Failure, H1, Loading, Tag, useAct, useData } from '../../kit/ui.js';
import { me, useLive } from '../state.js';

const ACTS = [
  ['suspend', '中止'],
  ['resume', '恢复'],
  ['revoke', '吊销'],
  ['withdraw', '撤销'],
  ['cancel', '注销'],
];
const OUTCOMES = { duplicate: '重复', conflict: '冲突', invalid: '有误' };
const BATCH_STATES = {
  waiting: '等待另一名工作人员复核',
  received: '等待处理',
  running: '处理中',
  finished: '已完成',
  refused: '未入库',
};
const WATCH_EVERY = 2000;

export default function Licences() {
  const is = (...roles) => roles.some((role) => me.value.roles.includes(role));
  const keeps = is('seal_keeper', 'supervisor');
  return html`
    <div class="bar">
      <a class="btn sec sm" href="#/">‹ 返回列表</a>
      ${me.value.roles.includes('seal_keeper') && html`<a class="btn sec sm" href="#/issue">制发证照</a>`}
      ${keeps && html`<a class="btn sec sm" href="#/seals">印章管理</a>`}
    </div>
    <${H1} text="证照管理" />
    ${keeps && html`<${Find} />`}
    ${is('seal_keeper', 'reviewer', 'supervisor') && html`<${Intake} />`}
    ${keeps && html`<${Complaints} />`}
  `;
}

function Find() {
  const [number, setNumber] = useState('');
  const [found, setFound] = useState(null);
  const act = useAct();

  async function search(event) {
    event?.preventDefault();
    setFound((await act.run(() => get(withQuery('/api/staff/licences', { number })))) ?? null);
  }

  return html`
    <section class="card" aria-labelledby="find">
      <h2 id="find">查找证照</h2>
      <form class="form" onSubmit=${search}>
        <div class="field">
          <label for="number">完整的证照编号或证照标识</label>
          <input
            class="in mono"
            id="number"
            required
            maxlength="120"
            value=${number}
            onInput=${(event) => setNumber(event.target.value)}
          />
        </div>
        <button class="btn" disabled=${act.busy}>查找</button>
      </form>
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${found && found.licences.length === 0 && html`<p role="status">没有找到本部门颁发的这张证照。</p>`}
      ${found?.licences.map((one) => html`<${Found} key=${one.id} one=${one} reload=${search} />`)}
    </section>
  `;
}

function Found({ one, reload }) {
  const past = useData(() => get(`/api/staff/licences/${one.id}/history`), [one.id, one.state]);
  return html`
    <article class="card">
      <h3>${one.name}</h3>
      <${Facts}
        items=${[
          ['持证主体', one.holder_masked],
          ['证照编号', one.number_masked],
          ['证照标识', one.identifier],
          ['状态', one.state_text],
          ['有效期至', one.valid_to ?? '长期'],
        ]}
      />
      ${past.data?.changes.map(
        (change) => html`
          <p class="muted" key=${change.at}>
            ${moment(change.at)} ${change.after_text}：${change.cause}（${change.authority}，${change.document_no}）
          </p>
        `,
      )}
      ${
        me.value.roles.includes('seal_keeper') &&
        ['valid', 'suspended'].includes(one.state) &&
        html`
        <p><a class="btn sec sm" href=${`#/issue/${one.id}`}>变更内容</a></p>
      `
      }
      <${Change} licence=${one} reload=${reload} />
    </article>
  `;
}

function Change({ licence, reload }) {
  const [values, setValues] = useState({ act: 'suspend', cause: '', document_no: '' });
  const act = useAct();
  const put = (name) => (event) => setValues((before) => ({ ...before, [name]: event.target.value }));

  async function submit(event) {
    event.preventDefault();
    if (await act.run(() => post(`/api/staff/licences/${licence.id}/state-changes`, values))) {
      setValues({ act: 'suspend', cause: '', document_no: '' });
      reload();
    }
  }

  const id = (name) => `${name}-${licence.id}`;
  return html`
    <form class="form" onSubmit=${submit}>
      <div class="field">
        <label for=${id('act')}>变更为</label>
        <select class="in" id=${id('act')} value=${values.act} onChange=${put('act')}>
          ${ACTS.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
        </select>
      </div>
      <div class="field">
        <label for=${id('cause')}>原因</label>
        <input class="in" id=${id('cause')} required maxlength="200" value=${values.cause} onInput=${put('cause')} />
      </div>
      <div class="field">
        <label for=${id('paper')}>文书号</label>
        <input
          class="in"
          id=${id('paper')}
          required
          maxlength="80"
          value=${values.document_no}
          onInput=${put('document_no')}
        />
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn danger" disabled=${act.busy}>确认变更</button>
    </form>
  `;
}

function Intake() {
  const found = useList('/api/staff/intakes', { name: 'batches' });
  const running = found.items?.some((one) => ['received', 'running'].includes(one.state));
  useEffect(() => {
    if (!running) {
      return undefined;
    }
    const watch = setInterval(found.reload, WATCH_EVERY);
    return () => clearInterval(watch);
  }, [running, found.reload]);
  return html`
    <section class="card" aria-labelledby="intake">
      <h2 id="intake">存量证照归集</h2>
      ${me.value.roles.includes('seal_keeper') && html`<${Send} done=${found.reload} />`}
      ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${found.items?.map((one) => html`<${Batch} key=${one.id} one=${one} reload=${found.reload} />`)}
      <${More} list=${found} />
    </section>
  `;
}

function Send({ done }) {
  const [number, setNumber] = useState('');
  const [file, setFile] = useState(null);
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const form = file.name.toLowerCase().endsWith('.zip') ? 'documents' : 'lines';
    const path = withQuery('/api/staff/intakes', { batch_no: number, form });
    const sent = await act.run(() => request('POST', path, { body: file, raw: true }));
    if (sent) {
      setNumber('');
      done();
    }
  }

  return html`
    <form class="form" onSubmit=${submit}>
      <p class="muted">每行一张证照的 JSON 文件，或装有已签章 OFD 的 ZIP。同一批次号重复发送不会重复入库。</p>
      <div class="field">
        <label for="batch">批次号</label>
        <input
          class="in"
          id="batch"
          required
          maxlength="60"
          value=${number}
          onInput=${(event) => setNumber(event.target.value)}
        />
      </div>
      <div class="field">
        <label for="file">归集文件</label>
        <input class="in" id="file" type="file" required onChange=${(event) => setFile(event.target.files[0])} />
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy || !file}>发送</button>
    </form>
  `;
}

/** The second officer reads the first lines and stands for the batch, or turns it down. */
function Approval({ one, reload }) {
  const [lines, setLines] = useState(null);
  const [cause, setCause] = useState('');
  const act = useAct();
  const path = `/api/staff/intakes/${one.id}`;

  async function read() {
    setLines((await act.run(() => get(`${path}/sample`)))?.lines ?? null);
  }

  async function decide(event, what, body) {
    event.preventDefault();
    if (await act.run(() => post(`${path}/${what}`, body))) {
      reload();
    }
  }

  return html`
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${!lines && html`<button class="btn sec sm" onClick=${read} disabled=${act.busy}>查看前 50 行</button>`}
    ${
      lines &&
      html`
      <div class="tablebox" tabindex="0" role="region" aria-label=${`批次 ${one.batch_no} 的前 50 行`}>
        <table class="tb">
          <thead>
            <tr><th scope="col">行</th><th scope="col">证照</th><th scope="col">编号</th><th scope="col">持证主体</th></tr>
          </thead>
          <tbody>
            ${lines.map(
              (line) => html`
                <tr key=${line.line}>
                  <th scope="row">${line.line}</th>
                  <td>
                    ${line.fault ? html`<${Tag} tone="bad">有误</${Tag}> ${line.fault}` : line.licence_name}
                    ${line.sensitive && '（敏感）'}
                  </td>
                  <td>${line.number}</td>
                  <td>${line.holder_name}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
      <p class="muted">复核通过后，无误的证照即可出示，并将加盖本部门电子印章；每位持证人都会收到通知。有误的行不入库。</p>
      <form class="form" onSubmit=${(event) => decide(event, 'approval')}>
        <button class="btn" disabled=${act.busy}>复核通过，入库</button>
      </form>
      <form class="form" onSubmit=${(event) => decide(event, 'refusal', { cause })}>
        <div class="field">
          <label for=${`cause-${one.id}`}>不通过的原因</label>
          <input
            class="in"
            id=${`cause-${one.id}`}
            required
            maxlength="150"
            value=${cause}
            onInput=${(event) => setCause(event.target.value)}
          />
        </div>
        <button class="btn danger" disabled=${act.busy}>不通过</button>
      </form>
    `
    }
  `;
}

function Batch({ one, reload }) {
  const [open, setOpen] = useState(false);
  const rest = one.duplicates + one.conflicts + one.invalid;

  return html`
    <article class="card">
      <h3>${one.batch_no}</h3>
      <p>
        <${Tag} tone=${one.state === 'finished' ? 'ok' : 'info'}>${BATCH_STATES[one.state]}</${Tag}>
        ${' '}<small class="muted">${moment(one.received_at)}</small>
      </p>
      ${
        one.state !== 'waiting' &&
        html`
        <progress max="1" value=${one.progress} aria-label=${`批次 ${one.batch_no} 的进度`}></progress>
        <p>
          已读 ${one.lines} 行：入库 ${one.taken}，重复 ${one.duplicates}，冲突 ${one.conflicts}，有误 ${one.invalid}
          ${one.note && html`<br />${one.note}`}
        </p>
      `
      }
      ${one.may_approve && html`<${Approval} one=${one} reload=${reload} />`}
      ${rest > 0 && !open && html`<button class="btn sec sm" onClick=${() => setOpen(true)}>查看逐行报告</button>`}
      ${open && html`<${Report} one=${one} />`}
    </article>
  `;
}

/** The lines of a batch that were not simply taken, in their order. */
function Report({ one }) {
  const found = useList(`/api/staff/intakes/${one.id}/lines`, { name: 'lines', by: 'line' });
  return html`
    ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
    ${!found.items && !found.error && html`<${Loading} />`}
    ${
      found.items &&
      html`
      <div class="tablebox" tabindex="0" role="region" aria-label=${`批次 ${one.batch_no} 的逐行报告`}>
        <table class="tb">
          <thead>
            <tr><th scope="col">行</th><th scope="col">结果</th><th scope="col">说明</th></tr>
          </thead>
          <tbody>
            ${found.items.map(
              (line) => html`
                <tr key=${line.line}>
                  <th scope="row">${line.line}</th>
                  <td>${OUTCOMES[line.outcome]}</td>
                  <td>${line.message}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    `
    }
    <${More} list=${found} />
  `;
}

function Complaints() {
  const found = useList('/api/staff/complaints', { name: 'complaints' });
  useLive(found.reload);
  return html`
    <section class="card" aria-labelledby="complaints">
      <h2 id="complaints">查看异议</h2>
      ${found.error && !found.items && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${!found.items && !found.error && html`<${Loading} />`}
      ${found.items?.length === 0 && html`<p>没有等待答复的异议。</p>`}
      ${found.items?.map((one) => html`<${Complaint} key=${one.id} one=${one} reload=${found.reload} />`)}
      <${More} list=${found} />
    </section>
  `;
}

function Complaint({ one, reload }) {
  const [text, setText] = useState('');
  const act = useAct();
  const id = `answer-${one.id}`;

  async function submit(event) {
    event.preventDefault();
    await act.run(() => post(`/api/staff/complaints/${one.id}/answer`, { text }));
    reload();
  }

  return html`
    <form class="form card" onSubmit=${submit}>
      <h3>${one.licence_name}</h3>
      <p>${moment(one.use_at)}，${one.use_who}：${one.use_purpose}</p>
      <p class="note warn">${one.text}</p>
      <div class="field">
        <label for=${id}>答复</label>
        <textarea
          class="in"
          id=${id}
          rows="2"
          required
          maxlength="1000"
          value=${text}
          onInput=${(event) => setText(event.target.value)}
        ></textarea>
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn" disabled=${act.busy}>发送答复</button>
    </form>
  `;
}
