// Reads the OpenAPI document of this installation and shows it: operations by tag, bodies, answers.

import { html, render, useState } from '../vendor/preact-htm.js';
import { get } from '../kit/api.js';
import { Failure, H1, Loading, useData } from '../kit/ui.js';
import { outline } from './outline.js';

const METHODS = ['get', 'post', 'put', 'delete', 'patch', 'head', 'options'];

function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] })),
  );
}

function App() {
  const found = useData(() => get('/api/openapi.json'));
  const [words, setWords] = useState('');
  return html`
    <a class="skip" href="#main">跳到主要内容</a>
    <header class="top">
      <span class="seal" aria-hidden="true">云</span>
      <span class="name">接口文档</span>
      <a class="btn sec sm" href="/">首页</a>
    </header>
    <main id="main" class="wide">
      <${H1} text="云间证 API" />
      ${found.error && html`<${Failure} error=${found.error} retry=${found.reload} />`}
      ${!found.data && !found.error && html`<${Loading} />`}
      ${found.data && html`<${Document} document=${found.data} words=${words} type=${setWords} />`}
    </main>
  `;
}

function Document({ document, words, type }) {
  const all = operationsOf(document);
  const kept = all.filter((one) =>
    `${one.method} ${one.path} ${one.summary ?? ''}`.toLowerCase().includes(words.trim().toLowerCase()),
  );
  const tags = [...new Set(kept.map((one) => one.tags?.[0] ?? 'other'))];
  return html`
    <p class="muted">
      ${document.info.title} ${document.info.version} · OpenAPI ${document.openapi} ·${' '}
      <a href="/api/openapi.json">openapi.json</a>
    </p>
    <div class="field">
      <label for="q">查找接口</label>
      <input
        class="in"
        id="q"
        type="search"
        placeholder="路径或说明"
        value=${words}
        onInput=${(event) => type(event.target.value)}
      />
    </div>
    <p role="status" class="muted">${kept.length} / ${all.length}</p>
    ${tags.map(
      (tag) => html`
        <section class="card" key=${tag}>
          <h2>${tag}</h2>
          ${kept
            .filter((one) => (one.tags?.[0] ?? 'other') === tag)
            .map((one) => html`<${Operation} key=${one.method + one.path} one=${one} document=${document} />`)}
        </section>
      `,
    )}
  `;
}

function Operation({ one, document }) {
  return html`
    <details>
      <summary>
        <span class="method">${one.method.toUpperCase()}</span> <span class="mono">${one.path}</span>
      </summary>
      <div class="stack tight">
        <p>${one.summary}</p>
        ${one.description && html`<p class="muted">${one.description}</p>`}
        <${Security} one=${one} />
        <${Parameters} parameters=${one.parameters ?? []} />
        ${one.requestBody && html`<h3>请求体</h3><${Contents} content=${one.requestBody.content} document=${document} />`}
        ${Object.entries(one.responses ?? {}).map(
          ([status, answer]) => html`
            <h3 key=${status}>${status} ${answer.description}</h3>
            <${Contents} content=${answer.content ?? {}} document=${document} />
          `,
        )}
      </div>
    </details>
  `;
}

function Security({ one }) {
  const names = (one.security ?? []).flatMap((scheme) => Object.keys(scheme));
  return html`<p class="muted">认证：${names.length > 0 ? names.join(' 或 ') : '不需要'}</p>`;
}

function Parameters({ parameters }) {
  if (parameters.length === 0) {
    return null;
  }
  return html`
    <h3>参数</h3>
    <ul class="plainlist">
      ${parameters.map(
        (parameter) => html`
          <li key=${parameter.name}>
            <span class="mono">${parameter.name}</span>
            <small class="muted">
               ${parameter.in} · ${outlineOf(parameter.schema)}${parameter.required ? ' · 必填' : ''}
            </small>
          </li>
        `,
      )}
    </ul>
  `;
}

function outlineOf(schema) {
  return outline(schema ?? {}, {});
}

function Contents({ content, document }) {
  return Object.entries(content).map(
    ([type, { schema }]) => html`
      <div key=${type}>
        <p class="muted mono">${type}</p>
        ${schema && html`<pre tabindex="0">${outline(schema, document.components?.schemas ?? {})}</pre>`}
      </div>
    `,
  );
}

const root = document.getElementById('app');
root.textContent = '';
render(html`<${App} />`, root);
