// One case at the officer's desk: what was written, what was handed in, what happened, what may be done.

import { html, useState } from '../../vendor/preact-htm.js';
import { day, moment } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { lineOf } from '../../kit/form.js';
import { Talk } from '../../kit/talk.js';
import { Facts, FailedScreen, H1, Loading, Tag, useData } from '../../kit/ui.js';
import { Acts } from '../acts.js';
import { LicenceCopy } from '../copy.js';
import { Viewer } from '../viewer.js';
import { me, useLive } from '../state.js';

const TALKERS = ['reviewer', 'window'];

const MATERIAL_WORDS = {
  missing: ['idle', '未提交'],
  received: ['info', '已收到'],
  checked: ['ok', '✓ 清晰可用'],
  rejected: ['bad', '✕ 已退回'],
  reused: ['ok', '✓ 电子证照'],
  generated: ['ok', '✓ 系统生成'],
  committed: ['warn', '告知承诺'],
  realname: ['ok', '✓ 实名认证'],
};

export default function Case({ id }) {
  const opened = useData(() => get(`/api/staff/cases/${id}`));
  const [picture, setPicture] = useState(null);
  useLive((event) => {
    const talk = event.kind.startsWith('case-message');
    if (event.kind === 'refresh' || (!talk && event.data?.case_id === id)) {
      opened.reload();
    }
  });
  if (opened.error && !opened.data) {
    return html`<${FailedScreen} error=${opened.error} retry=${opened.reload} />`;
  }
  if (!opened.data) {
    return html`<${Loading} />`;
  }
  const one = opened.data;
  return html`
    <p><a class="btn sec sm" href="#/">‹ 返回列表</a></p>
    <${H1} text=${one.item_name} />
    <div class="bar">
      <span role="status"><${Tag} tone="info">${one.state_text}</${Tag}></span>
      <span class="mono muted">${one.short_no}</span>
      ${one.due_on && html`<span class="muted">办结期限 ${day(one.due_on)}</span>`}
    </div>
    ${one.content_marks.map(
      (mark) => html`
      <p class=${`note ${mark.verdict === 'risky' ? 'bad' : 'warn'}`}>${mark.text}${nameOf(one, mark)}</p>
    `,
    )}
    <div class="cols">
      <div class="stack">
        <section class="card" aria-labelledby="who">
          <h2 id="who">申请人</h2>
          <${Facts} items=${[
            ['名称', one.applicant.name],
            ['证件号', one.applicant.id_no_masked],
            ['经办人', one.applicant.person_name],
            ['电话', one.applicant.phone_masked],
          ]} />
        </section>
        <section class="card" aria-labelledby="form">
          <h2 id="form">申请内容</h2>
          <${Facts} items=${one.situations.map((answer) => [answer.question, answer.chosen.join('、')])} />
          <${Facts} items=${one.fields.map((field) => [field.label, words(field.value)])} />
        </section>
        <section class="card" aria-labelledby="materials">
          <h2 id="materials">材料</h2>
          <ul class="list">
            ${one.materials.map(
              (material) =>
                html`<${Material} key=${material.code} caseId=${id} material=${material} show=${setPicture} />`,
            )}
          </ul>
        </section>
      </div>
      <div class="stack">
        <${Acts} one=${one} changed=${opened.set} />
        <section class="card" aria-labelledby="talk">
          <h2 id="talk">与申请人对话</h2>
          <${Talk}
            base=${`/api/staff/cases/${id}`}
            side="office"
            owner=${me.value.id}
            marks=${me.value.roles.some((role) => TALKERS.includes(role))}
            listen=${useLive}
            show=${setPicture}
          />
        </section>
        <section class="card" aria-labelledby="history">
          <h2 id="history">办理记录</h2>
          <div role="log">
            <ul class="list">
              ${[...one.timeline].reverse().map(
                (entry) => html`
                  <li class="row fixed" key=${entry.n}>
                    <span class="grow">
                      <b>${entry.title}</b>
                      ${entry.text && html`<small>${entry.text}</small>`}
                      <small>${[moment(entry.at), entry.actor_text].filter(Boolean).join(' · ')}</small>
                    </span>
                  </li>
                `,
              )}
            </ul>
          </div>
        </section>
      </div>
    </div>
    ${picture && html`<${Viewer} file=${picture} close=${() => setPicture(null)} />`}
  `;
}

function words(value) {
  if (Array.isArray(value)) {
    return value.map(lineOf).join('；');
  }
  if (typeof value === 'boolean') {
    return value ? '是' : '否';
  }
  return value;
}

/** Which material a mark is about; a form has none. */
function nameOf(one, mark) {
  const material = one.materials.find(({ code }) => code === mark.material_code);
  return material ? `（${material.name}）` : '';
}

function Material({ caseId, material, show }) {
  const [tone, text] = MATERIAL_WORDS[material.status] ?? ['info', material.status];
  return html`
    <li class="stack tight">
      <div class="row fixed">
        <span class="grow">
          <b>${material.name}</b>${material.note && html`<small>${material.note}</small>`}
        </span>
        <${Tag} tone=${tone}>${text}</${Tag}>
      </div>
      ${material.licence && html`<${LicenceCopy} caseId=${caseId} material=${material} />`}
      ${
        material.files.length > 0 &&
        html`
        <ul class="thumbs">
          ${material.files.map(
            (file) => html`
              <li key=${file.id}>
                ${
                  file.media_type.startsWith('image/')
                    ? html`
                        <button class="thumb" onClick=${() => show(file)}>
                          <img src=${file.thumbnail_url ?? file.url} alt="" loading="lazy" />
                          <span>放大看 ${file.name}</span>
                        </button>
                        ${
                          file.straightened &&
                          html`
                          <a
                            class="btn sec sm"
                            href=${`/api/staff/materials/${file.id}/original`}
                            target="_blank"
                            rel="noopener"
                            aria-label=${`已裁切，看 ${file.name} 的原图`}
                          >
                            已裁切，看原图
                          </a>
                        `
                        }
                      `
                    : html`
                        <a class="thumb" href=${file.url} target="_blank" rel="noopener">
                          ${
                            file.thumbnail_url
                              ? html`<img src=${file.thumbnail_url} alt="" loading="lazy" />`
                              : html`<span class="doc">文件</span>`
                          }
                          <span>${file.name}</span>
                        </a>
                `
                }
              </li>
            `,
          )}
        </ul>
      `
      }
    </li>
  `;
}
