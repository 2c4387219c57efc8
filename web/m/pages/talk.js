// The citizen's conversation with the department that handles a case.

import { html } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { Talk } from '../../kit/talk.js';
import { FailedScreen, H1, Loading, useData } from '../../kit/ui.js';
import { Connection } from './case.js';
import { me, useLive } from '../state.js';

export default function TalkScreen({ params }) {
  const base = `/api/citizen/cases/${params.id}`;
  const opened = useData(() => get(base));
  if (opened.error && !opened.data) {
    return html`<${FailedScreen} error=${opened.error} retry=${opened.reload} />`;
  }
  if (!opened.data) {
    return html`<${Loading} />`;
  }
  const one = opened.data;
  return html`
    <${H1} text=${t('talk.with', { department: one.department })} />
    <section class="card" aria-label=${t('talk.title')}>
      <div class="bar">
        <span class="grow">${one.item_name}</span>
        <${Connection} />
      </div>
      <${Talk} base=${base} side="applicant" owner=${me.value.id} listen=${useLive} />
    </section>
  `;
}
