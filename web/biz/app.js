// Enterprise page: drop a licence file, see whether its seal holds and whether the licence is in force.

import { html, render, useRef, useState } from '../vendor/preact-htm.js';
import { moment } from '../kit/i18n.js';
import { newKey } from '../kit/api.js';
import { LargeText } from '../kit/large-text.js';
import { Facts, Failure, H1, Loading, useAct } from '../kit/ui.js';
import { Checks, Verdict } from '../kit/verdict.js';
import { forget, remember, remembered, signed } from './client.js';

const LARGEST_MB = 20;

function App() {
  const [client, setClient] = useState(remembered);

  function leave() {
    forget();
    setClient(null);
  }

  return html`
    <a class="skip" href="#main">跳到主要内容</a>
    <header class="top">
      <span class="seal" aria-hidden="true">企</span>
      <span class="name">企业证照核验</span>
      <${LargeText} />
      ${client && html`<button class="btn sec sm" onClick=${leave}>退出</button>`}
    </header>
    <main id="main" class="wide">
      ${client ? html`<${Desk} client=${client} />` : html`<${Key} done=${setClient} />`}
    </main>
  `;
}

/** The key pair is checked by a first signed call and kept in this tab only. */
function Key({ done }) {
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const act = useAct();

  async function submit(event) {
    event.preventDefault();
    const client = { id: id.trim(), secret: secret.trim() };
    const me = await act.run(() => signed(client, 'GET', '/api/enterprise/v1/me'));
    if (me) {
      const known = { ...client, name: me.name, quota: me.quota };
      remember(known);
      done(known);
    }
  }

  return html`
    <${H1} text="填写接入凭证" />
    <p>凭证由管理员发放。它只保存在这个标签页里，关闭后自动清除。</p>
    ${act.error && html`<${Failure} error=${act.error} />`}
    <form class="card form" onSubmit=${submit}>
      <div class="field">
        <label for="id">客户编号（Client ID）</label>
        <input
          class="in mono"
          id="id"
          required
          autocomplete="username"
          value=${id}
          onInput=${(event) => setId(event.target.value)}
        />
      </div>
      <div class="field">
        <label for="secret">密钥（Secret）</label>
        <input
          class="in mono"
          id="secret"
          type="password"
          required
          autocomplete="current-password"
          value=${secret}
          onInput=${(event) => setSecret(event.target.value)}
        />
      </div>
      <button class="btn block" disabled=${act.busy}>进入</button>
    </form>
  `;
}

function Desk({ client }) {
  const [report, setReport] = useState(null);
  const act = useAct();

  async function verify(file) {
    setReport(null);
    if (file.size > LARGEST_MB * 1024 * 1024) {
      act.run(() => Promise.reject({ title: `文件超过 ${LARGEST_MB} MB，请确认选对了文件` }));
      return;
    }
    const path = `/api/enterprise/v1/seal-verifications?name=${encodeURIComponent(file.name)}`;
    const headers = { 'Content-Type': 'application/octet-stream', 'Idempotency-Key': newKey() };
    const answer = await act.run(() => signed(client, 'POST', path, file, headers));
    if (answer) {
      setReport({ ...answer, file: { name: file.name, size: file.size } });
    }
  }

  return html`
    <${H1} text="核验电子证照文件" />
    <p class="muted">${client.name} · 每天可核验 ${client.quota.limit} 次</p>
    <${Drop} choose=${verify} busy=${act.busy} />
    ${act.busy && html`<${Loading} />`}
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${report && html`<${Report} report=${report} />`}
  `;
}

/** Dropping always has a button beside it. */
function Drop({ choose, busy }) {
  const [over, setOver] = useState(false);
  const input = useRef(null);

  function drop(event) {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file && !busy) {
      choose(file);
    }
  }

  function hover(event) {
    event.preventDefault();
    setOver(true);
  }

  function pick(event) {
    const [file] = event.target.files;
    event.target.value = '';
    if (file) {
      choose(file);
    }
  }

  return html`
    <div
      class=${over ? 'drop over' : 'drop'}
      id="drop"
      onDragOver=${hover}
      onDragLeave=${() => setOver(false)}
      onDrop=${drop}
    >
      <p>把 OFD 文件拖到这里</p>
      <button class="btn" disabled=${busy} onClick=${() => input.current.click()}>选择文件</button>
      <input
        class="vh"
        type="file"
        id="file"
        ref=${input}
        tabindex="-1"
        accept=".ofd"
        aria-label="选择要核验的文件"
        onChange=${pick}
      />
      <p class="hint">文件只用于本次核验，不会保存。最大 ${LARGEST_MB} MB。</p>
    </div>
  `;
}

function Report({ report }) {
  return html`
    <${Verdict} result=${report} />
    <div class="cols">
      <section class="card" aria-labelledby="checks">
        <h2 id="checks">检查项</h2>
        <${Checks} checks=${report.checks} />
      </section>
      <div class="stack">
        <section class="card" aria-labelledby="file-facts">
          <h2 id="file-facts">文件</h2>
          <${Facts}
            items=${[
              ['名称', report.file.name],
              ['大小', `${report.file.size.toLocaleString('zh-CN')} 字节`],
              ['摘要', html`<span class="mono">${report.digest}</span>`],
              ['核验时间', moment(report.at)],
              ['核验编号', html`<span class="mono">${report.id}</span>`],
            ]}
          />
        </section>
        <${LicenceStatus} status=${report.licence_status} />
        <${Signatures} signatures=${report.signatures} />
      </div>
    </div>
  `;
}

function LicenceStatus({ status }) {
  if (!status) {
    return html`
      <section class="card">
        <h2>证照状态</h2>
        <p>这份文件不是本平台签发的证照，无法查询状态。</p>
      </section>
    `;
  }
  return html`
    <section class="card">
      <h2>证照状态</h2>
      <${Facts} items=${[
        ['证照', status.name],
        ['状态', status.state_text],
        ['有效期至', status.valid_to ?? '长期'],
      ]} />
    </section>
  `;
}

function Signatures({ signatures }) {
  return signatures.map(
    (signature, index) => html`
      <section class="card" key=${index}>
        <h2>签章${signatures.length > 1 ? ` ${index + 1}` : ''}</h2>
        <${Facts}
          items=${[
            ['印章', signature.seal_name],
            ['签章单位', signature.organisation],
            ['签章证书', signature.signer],
            ['算法', signature.suite],
            ['签章时间', signature.signed_at && moment(signature.signed_at)],
          ]}
        />
      </section>
    `,
  );
}

const root = document.getElementById('app');
root.textContent = '';
render(html`<${App} />`, root);
