// One required material: its state, and every way to settle it (licence, promise, photo, file).

import { html, useRef, useState } from '../vendor/preact-htm.js';
import { t } from '../kit/i18n.js';
import { del, post } from '../kit/api.js';
import { Failure, Icon, Tag, useAct } from '../kit/ui.js';

const TONES = {
  missing: 'idle',
  received: 'info',
  checked: 'ok',
  rejected: 'bad',
  reused: 'ok',
  generated: 'ok',
  committed: 'ok',
  realname: 'ok',
};

const MIME = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  pdf: 'application/pdf',
  ofd: '.ofd',
};

const SIGNS = { ok: '✓ ', bad: '✕ ', info: '', idle: '' };

/** Nothing more is asked of the citizen for this material. */
export function isSettled(material) {
  return !['missing', 'rejected'].includes(material.status);
}

/** State of a material as a word with a sign. */
export function MaterialState({ material }) {
  const tone = TONES[material.status] ?? 'info';
  return html`<${Tag} tone=${tone}>${SIGNS[tone] ?? ''}${t(`material.${material.status}`)}</${Tag}>`;
}

/** The card of one material; `onChange` receives the case as it is afterwards. */
export function MaterialCard({ caseId, material, uploads, onChange, reason }) {
  const act = useAct();
  const path = `/api/citizen/cases/${caseId}/materials/${material.code}`;
  const sending = uploads.of(material.code);
  const settled = isSettled(material);

  const box = useRef(null);
  const [removing, setRemoving] = useState(false);

  /** What goes is not asked for any more: its pictures leave the page before it leaves the case. */
  async function takeBack() {
    for (const picture of box.current?.querySelectorAll('.thumb img') ?? []) {
      picture.removeAttribute('src');
    }
    setRemoving(true);
    await change(() => del(path));
    setRemoving(false);
  }

  async function change(work) {
    const changed = await act.run(work);
    if (changed) {
      onChange(changed);
    }
  }

  return html`
    <section class="card" ref=${box} id=${`f-${material.code}`} tabindex="-1" aria-labelledby=${`m-${material.code}`}>
      <div class="bar">
        <h2 id=${`m-${material.code}`} class="grow">
          ${material.name}${!material.required && html` <small class="muted">${t('form.optional')}</small>`}
        </h2>
        <${MaterialState} material=${material} />
      </div>
      ${reason && html`<p class="note warn">${reason}</p>`}
      ${material.note && html`<p class=${material.status === 'rejected' ? 'note bad' : 'hint'}>${material.note}</p>`}
      ${material.hint && !settled && html`<p class="hint">${material.hint}</p>`}
      ${
        material.licence &&
        html`
        <p>
          ${t('material.fromWallet', { name: material.licence.name })}${' '}
          <span class="mono">${material.licence.number_masked}</span>
        </p>
      `
      }
      ${!removing && html`<${Files} material=${material} path=${path} onChange=${onChange} />`}
      ${sending.map(
        (handle) => html`
          <${Sending} key=${handle.record.id} handle=${handle} drop=${() => uploads.drop(handle)} />
        `,
      )}
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${
        (!settled || reason) &&
        html`
        <${Ways}
          material=${material}
          busy=${act.busy}
          change=${change}
          path=${path}
          uploads=${uploads}
          act=${act}
        />
      `
      }
      ${
        canCombine(material) &&
        html`
        <p>
          <button class="btn sec sm" disabled=${act.busy} onClick=${() => change(() => post(`${path}/pdf`))}>
            ${t('material.combine')}
          </button>
        </p>
      `
      }
      ${
        canRemove(material) &&
        html`
        <p>
          <button class="btn sec sm" disabled=${act.busy} onClick=${takeBack}>
            ${t('material.remove')}
          </button>
        </p>
      `
      }
    </section>
  `;
}

function canCombine(material) {
  const { files, accept } = material;
  return accept.includes('pdf') && files.length > 1 && files.every((file) => file.media_type.startsWith('image/'));
}

function canStraighten(material, file) {
  return file.media_type.startsWith('image/') && material.status !== 'rejected';
}

function canRemove(material) {
  return material.files.length > 0 || ['reused', 'committed'].includes(material.status);
}

function Files({ material, path, onChange }) {
  const [cutting, setCutting] = useState(null);
  if (material.files.length === 0) {
    return null;
  }

  // Few cut their pictures: the dialog is loaded by those who do.
  async function cut(file) {
    const { Straighten } = await import('./straighten.js');
    setCutting({ file, Straighten });
  }

  return html`
    <ul class="thumbs">
      ${material.files.map(
        (file) => html`
          <li key=${file.id}>
            <a class="thumb" href=${file.url} target="_blank" rel="noopener">
              ${
                file.thumbnail_url
                  ? html`<img src=${file.thumbnail_url} alt="" loading="lazy" />`
                  : html`<span class="doc"><${Icon} name="file" /></span>`
              }
              <span>${file.name}</span>
            </a>
            ${
              canStraighten(material, file) &&
              html`
              <button
                class="btn sec sm"
                aria-label=${t('straighten.openFor', { name: file.name })}
                onClick=${() => cut(file)}
              >
                ${t(file.straightened ? 'straighten.again' : 'straighten.apply')}
              </button>
            `
            }
          </li>
        `,
      )}
    </ul>
    ${
      cutting &&
      html`
      <${cutting.Straighten}
        path=${`${path}/files/${cutting.file.id}`}
        file=${cutting.file}
        done=${onChange}
        close=${() => setCutting(null)}
      />
    `
    }
  `;
}

/** Buttons for the ways that are open, the least work for the citizen first. */
function Ways({ material, busy, change, path, uploads, act }) {
  const licence = material.ways.find((way) => way.by === 'licence' && way.available);
  const promise = material.ways.find((way) => way.by === 'commitment' && way.available);

  function choose(event) {
    const file = event.target.files[0];
    event.target.value = '';
    if (file) {
      act.run(() =>
        uploads.send(material.code, file).catch(() => {
          throw { title: t('upload.unreadable') };
        }),
      );
    }
  }

  return html`
    <div class="stack tight">
      ${
        licence &&
        html`
        <button
          class="btn block"
          disabled=${busy}
          onClick=${() => change(() => post(`${path}/licence`, { licence_id: licence.licence_id }))}
        >
          ${t('material.useLicence')}
        </button>
      `
      }
      ${
        promise &&
        html`
        <label class="choice">
          <input type="checkbox" disabled=${busy} onChange=${() => change(() => post(`${path}/commitment`))} />
          ${t('material.promise')}
        </label>
      `
      }
      <div class="bar">
        ${
          material.camera &&
          html`
          <input
            class="vh pick"
            type="file"
            id=${`cam-${material.code}`}
            accept="image/*"
            capture="environment"
            aria-label=${t('material.cameraFor', { name: material.name })}
            onChange=${choose}
          />
          <label class="btn sec" for=${`cam-${material.code}`}>
            <${Icon} name="camera" />${t('material.camera')}
          </label>
        `
        }
        <input
          class="vh pick"
          type="file"
          id=${`file-${material.code}`}
          accept=${material.accept.map((kind) => MIME[kind] ?? kind).join(',')}
          aria-label=${t('material.fileFor', { name: material.name })}
          onChange=${choose}
        />
        <label class="btn sec" for=${`file-${material.code}`}>
          <${Icon} name="file" />${t('material.file')}
        </label>
      </div>
      <p class="hint">
        ${t('material.limits', { kinds: material.accept.join('、').toUpperCase(), mb: material.max_mb })}
      </p>
    </div>
  `;
}

/** An upload on its way, in words and as a bar. */
function Sending({ handle, drop }) {
  const { sent, total } = handle.progress.value;
  const state = handle.state.value;
  const percent = total ? Math.floor((sent / total) * 100) : 0;
  const megabytes = (bytes) => (bytes / 1024 / 1024).toFixed(1);
  return html`
    <div class="stack tight">
      <p role="status">
        <b>${t(`upload.${state}`, { percent })}</b>
        <small class="muted"> ${handle.record.name} · ${megabytes(sent)} / ${megabytes(total)} MB</small>
      </p>
      <progress max="100" value=${percent} aria-label=${t('upload.progress')}></progress>
      ${state === 'failed' && html`<p class="msg">${handle.failure.value ?? t('error.offline')}</p>`}
      <div class="bar">
        ${
          state === 'sending' &&
          html`
          <button class="btn sec sm" onClick=${handle.pause}>${t('upload.pause')}</button>
        `
        }
        ${
          ['paused', 'failed', 'waiting'].includes(state) &&
          html`
          <button class="btn sec sm" onClick=${handle.resume}>${t('upload.resume')}</button>
        `
        }
        <button class="btn plain sm" onClick=${drop}>${t('upload.cancel')}</button>
      </div>
    </div>
  `;
}
