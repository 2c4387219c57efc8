// Step 3 of 3: everything once more on one page, then submit.

import { html, useState } from '../../vendor/preact-htm.js';
import { moment, t } from '../../kit/i18n.js';
import { get, newKey, post } from '../../kit/api.js';
import { ErrorSummary, errorsOf, lineOf } from '../../kit/form.js';
import { Facts, FailedScreen, Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { MaterialState, isSettled } from '../material.js';
import { go, replace } from '../state.js';
import { Leave } from './apply.js';

export default function Review({ params }) {
  const opened = useData(() => get(`/api/citizen/cases/${params.id}`));
  if (opened.error && !opened.data) {
    return html`<${FailedScreen} error=${opened.error} retry=${opened.reload} />`;
  }
  if (!opened.data) {
    return html`<${Loading} />`;
  }
  if (!opened.data.may.includes('submit')) {
    return html`<${Leave} path=${`/case/${params.id}`} />`;
  }
  return html`<${Check} opened=${opened.data} reload=${opened.reload} />`;
}

function Check({ opened, reload }) {
  const [agreed, setAgreed] = useState(false);
  const [errors, setErrors] = useState({});
  const [turn, setTurn] = useState(0);
  const [key] = useState(newKey);
  const act = useAct();
  const missing = opened.materials.filter((material) => material.required && !isSettled(material));

  function refuse(found) {
    setErrors(found);
    setTurn(turn + 1);
  }

  async function submit() {
    if (missing.length > 0) {
      refuse(Object.fromEntries(missing.map(({ code, name }) => [code, t('review.missing', { name })])));
      return;
    }
    if (opened.must_sign && !opened.signature?.valid) {
      refuse({ sign: t('sign.please') });
      return;
    }
    if (!agreed) {
      refuse({ agree: t('review.pleaseAgree') });
      return;
    }
    setErrors({});
    await act.run(async () => {
      try {
        await post(`/api/citizen/cases/${opened.id}/submission`, {}, { key });
        replace(`/case/${opened.id}`, t('review.done'));
      } catch (problem) {
        refuse(errorsOf(problem));
        throw problem;
      }
    });
  }

  return html`
    <p class="stepper">${t('apply.step', { n: 3 })}</p>
    <${H1} text=${t('review.title')} />
    <p class="muted">${opened.item_name}</p>
    <${ErrorSummary} errors=${errors} turn=${turn} />
    ${act.error && html`<${Failure} error=${act.error} />`}
    <section class="card" aria-labelledby="form">
      <div class="bar">
        <h2 id="form" class="grow">${t('review.form')}</h2>
        <a class="btn sec sm" href=${`#/apply/${opened.id}`}>${t('change')}</a>
      </div>
      <${Facts} items=${opened.fields.map((field) => [field.label, shown(field)])} />
    </section>
    <section class="card" aria-labelledby="materials">
      <div class="bar">
        <h2 id="materials" class="grow">${t('guide.materials')}</h2>
        <a class="btn sec sm" href=${`#/materials/${opened.id}`}>${t('change')}</a>
      </div>
      <ul class="list">
        ${opened.materials.map(
          (material) => html`
            <li class="row fixed" key=${material.code} id=${`f-${material.code}`} tabindex="-1">
              <span class="grow"><b>${material.name}</b></span>
              <${MaterialState} material=${material} />
            </li>
          `,
        )}
      </ul>
    </section>
    ${opened.must_sign && html`<${Sign} opened=${opened} reload=${reload} />`}
    <section class="card">
      <label class="choice">
        <input
          type="checkbox"
          id="f-agree"
          checked=${agreed}
          onChange=${(event) => setAgreed(event.target.checked)}
        />
        ${t('review.agree')}
      </label>
      <button class="btn block" disabled=${act.busy} onClick=${submit}>${t('review.submit')}</button>
    </section>
  `;
}

/** The form is signed by somebody who was confirmed just now; else we go and confirm first. */
function Sign({ opened, reload }) {
  const act = useAct();
  const { signature } = opened;

  async function sign() {
    const signed = await act.run(async () => {
      try {
        return await post(`/api/citizen/cases/${opened.id}/form-signature`);
      } catch (problem) {
        if (problem.slug === 'step-up-required') {
          go(`/confirm?next=/review/${opened.id}`);
          return null;
        }
        throw problem;
      }
    });
    if (signed) {
      reload();
    }
  }

  return html`
    <section class="card" aria-labelledby="sign">
      <h2 id="sign">${t('sign.title')}</h2>
      ${
        signature?.valid
          ? html`<p class="note ok" role="status">${t('sign.done', { name: signature.signer, at: moment(signature.signed_at) })}</p>`
          : html`
            <p>${t(signature ? 'sign.changed' : 'sign.why')}</p>
            ${act.error && html`<${Failure} error=${act.error} />`}
            <button class="btn sec block" id="f-sign" disabled=${act.busy} onClick=${sign}>${t('sign.button')}</button>
          `
      }
    </section>
  `;
}

/** A form value as people read it. */
export function shown(field) {
  if (Array.isArray(field.value)) {
    return field.value.map(lineOf).join('；');
  }
  if (typeof field.value === 'boolean') {
    return t(field.value ? 'yes' : 'no');
  }
  return field.value;
}
