// Step 2 of 3: what must be attached, and the easiest way for each.

import { html } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { Failure, H1, Loading, useData } from '../../kit/ui.js';
import { MaterialCard, isSettled } from '../material.js';
import { useUploads } from '../uploads.js';
import { useLive } from '../state.js';
import { Leave } from './apply.js';

export default function Materials({ params }) {
  const opened = useData(() => get(`/api/citizen/cases/${params.id}`));
  const uploads = useUploads(params.id, opened.reload);
  useLive((event) => {
    if (event.kind === 'refresh' || event.data?.case_id === params.id) {
      opened.reload();
    }
  });
  if (opened.error && !opened.data) {
    return html`<${Failure} error=${opened.error} retry=${opened.reload} />`;
  }
  if (!opened.data) {
    return html`<${Loading} />`;
  }
  if (!opened.data.may.includes('submit')) {
    return html`<${Leave} path=${`/case/${params.id}`} />`;
  }
  const materials = opened.data.materials;
  const open = materials.filter((material) => material.required && !isSettled(material)).length;
  return html`
    <p class="stepper">${t('apply.step', { n: 2 })}</p>
    <${H1} text=${t('materials.title')} />
    <p role="status" class=${open === 0 ? 'note ok' : 'note'}>
      ${open === 0 ? t('materials.allThere') : t('materials.open', { n: open })}
    </p>
    ${open > 0 && html`<p class="hint">${t('materials.photos')}</p>`}
    ${materials.map(
      (material) => html`
        <${MaterialCard}
          key=${material.code}
          caseId=${params.id}
          material=${material}
          uploads=${uploads}
          onChange=${opened.set}
        />
      `,
    )}
    <a class="btn block" href=${`#/review/${params.id}`}>${t('materials.next')}</a>
    <a class="btn sec block" href=${`#/apply/${params.id}`}>${t('apply.backToForm')}</a>
  `;
}
