// Answer a one-time notice: only what was asked for, then send.

import { html, useState } from '../../vendor/preact-htm.js';
import { day, t } from '../../kit/i18n.js';
import { get, newKey, post } from '../../kit/api.js';
import { FailedScreen, Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { MaterialCard } from '../material.js';
import { useUploads } from '../uploads.js';
import { replace, useLive } from '../state.js';
import { Leave } from './apply.js';

export default function Supplement({ params }) {
  const opened = useData(() => get(`/api/citizen/cases/${params.id}`));
  const uploads = useUploads(params.id, opened.reload);
  const [note, setNote] = useState('');
  const [key] = useState(newKey);
  const act = useAct();
  useLive((event) => {
    if (event.kind === 'refresh' || event.data?.case_id === params.id) {
      opened.reload();
    }
  });
  if (opened.error && !opened.data) {
    return html`<${FailedScreen} error=${opened.error} retry=${opened.reload} />`;
  }
  if (!opened.data) {
    return html`<${Loading} />`;
  }
  const { supplement, materials, may } = opened.data;
  if (!supplement || (!may.includes('answer') && !act.busy)) {
    return html`<${Leave} path=${`/case/${params.id}`} />`;
  }

  async function send() {
    const path = `/api/citizen/cases/${params.id}/supplements/${supplement.id}/answer`;
    const answered = await act.run(() => post(path, { note }, { key }));
    if (answered) {
      replace(`/case/${params.id}`, t('supplement.done'));
    }
  }

  const asked = supplement.items.map((item) => ({
    ...item,
    material: materials.find(({ code }) => code === item.code),
  }));
  return html`
    <${H1} text=${t('supplement.heading')} />
    <p class="note warn">${t('case.supplementDue', { day: day(supplement.due_on) })}</p>
    ${supplement.note && html`<p>${supplement.note}</p>`}
    ${asked.map(({ code, name, reason, material }) =>
      material
        ? html`
            <${MaterialCard}
              key=${code}
              caseId=${params.id}
              material=${material}
              uploads=${uploads}
              onChange=${opened.set}
              reason=${reason}
            />
          `
        : html`<section class="card" key=${code}><h2>${name}</h2><p class="note warn">${reason}</p></section>`,
    )}
    <section class="card">
      ${may.includes('fill') && html`<p><a href=${`#/apply/${params.id}`}>${t('supplement.form')}</a></p>`}
      <div class="field">
        <label for="note">${t('supplement.note')} <span class="optional">${t('form.optional')}</span></label>
        <textarea
          class="in"
          id="note"
          rows="3"
          value=${note}
          onInput=${(event) => setNote(event.target.value)}
        >
        </textarea>
      </div>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <button class="btn block" disabled=${act.busy} onClick=${send}>${t('supplement.send')}</button>
    </section>
  `;
}
