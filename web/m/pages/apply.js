// Step 1 of 3: the form, with what is known already filled in and marked.

import { html, useEffect, useRef, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, put } from '../../kit/api.js';
import { ErrorSummary, Field, checkFields, errorsOf, inWords, tidy } from '../../kit/form.js';
import { FailedScreen, Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { go, replace } from '../state.js';

export default function Apply({ params }) {
  const opened = useData(() => get(`/api/citizen/cases/${params.id}`));
  if (opened.error) {
    return html`<${FailedScreen} error=${opened.error} retry=${opened.reload} />`;
  }
  if (!opened.data) {
    return html`<${Loading} />`;
  }
  if (!opened.data.may.includes('fill')) {
    return html`<${Leave} path=${`/case/${params.id}`} />`;
  }
  return html`<${Form} opened=${opened.data} />`;
}

/** Drafts are filled in here; anything else is looked at on its own page. */
export function Leave({ path }) {
  useEffect(() => replace(path), [path]);
  return html`<${Loading} />`;
}

function Form({ opened: first }) {
  const [opened, setOpened] = useState(first);
  const [theirs, setTheirs] = useState(/** @type {Record<string, any>} */ ({}));
  const [values, setValues] = useState(() =>
    Object.fromEntries(opened.fields.map((field) => [field.key, field.value])),
  );
  const [touched, setTouched] = useState({});
  const [errors, setErrors] = useState({});
  const [turn, setTurn] = useState(0);
  const act = useAct();
  const filled = opened.fields.filter((field) => field.source).length;

  function type(key, value) {
    setValues((before) => ({ ...before, [key]: value }));
    setTouched((before) => ({ ...before, [key]: true }));
  }

  function refuse(found) {
    setErrors(found);
    setTurn(turn + 1);
  }

  async function submit(event) {
    event.preventDefault();
    const found = checkFields(opened.fields, values);
    if (Object.keys(found).length > 0) {
      refuse(found);
      return;
    }
    setErrors({});
    await act.run(async () => {
      try {
        await put(`/api/citizen/cases/${opened.id}/form`, {
          form_revision: opened.form_revision,
          values: tidy(opened.fields, values),
        });
        go(opened.state === 'draft' ? `/materials/${opened.id}` : `/supplement/${opened.id}`);
      } catch (problem) {
        if (problem.slug === 'form-changed') {
          await showBoth();
        } else {
          refuse(errorsOf(problem));
        }
        throw problem;
      }
    });
  }

  /** Another device has stored the form: keep what was typed here, and show what is there now. */
  async function showBoth() {
    const fresh = await get(`/api/citizen/cases/${opened.id}`);
    const met = bothOf(opened.fields, values, fresh.fields);
    setValues(met.values);
    setTheirs(met.theirs);
    setOpened(fresh);
  }

  /** @param {{ key: string, value: unknown }} field */
  function takeTheirs(field) {
    type(field.key, field.value);
    setTheirs(({ [field.key]: _, ...others }) => others);
  }

  return html`
    ${opened.state === 'draft' && html`<p class="stepper">${t('apply.step', { n: 1 })}</p>`}
    <${H1} text=${t('apply.fill')} />
    <p class="muted">${opened.item_name}</p>
    ${filled > 0 && html`<p class="note ok">${t('apply.filled', { n: filled })}</p>`}
    <${ErrorSummary} errors=${errors} turn=${turn} />
    ${act.error && Object.keys(errors).length === 0 && html`<${Refused} error=${act.error} />`}
    <form class="card form" onSubmit=${submit} novalidate>
      ${opened.fields.map(
        (field) => html`
          <${Field}
            key=${field.key}
            field=${field}
            value=${values[field.key]}
            error=${errors[field.key]}
            source=${field.source && !touched[field.key] ? (field.source_text ?? t('apply.auto')) : null}
            onInput=${(value) => type(field.key, value)}
          />
          ${
            field.key in theirs &&
            html`
            <div class="note warn" role="status">
              <p>${t('apply.elsewhere', { value: theirs[field.key] || t('apply.empty') })}</p>
              <button type="button" class="btn sec sm" onClick=${() => takeTheirs(field)}>
                ${t('apply.takeElsewhere')}
              </button>
            </div>
          `
          }
        `,
      )}
      <button class="btn block" disabled=${act.busy}>${t('apply.saveNext')}</button>
      <p class="hint">${t('apply.saved')}</p>
    </form>
  `;
}

/** Why it was not stored, brought before the eyes: the button lies a screen or two below. */
function Refused({ error }) {
  const box = useRef(null);
  useEffect(() => {
    box.current.scrollIntoView({ block: 'center' });
    box.current.focus({ preventScroll: true });
  }, []);
  return html`<div tabindex="-1" ref=${box}><${Failure} error=${error} /></div>`;
}

/**
 * What was typed here over `before`, beside what another device stored meanwhile. Where only one of
 * the two changed a field, that one's words stand; where both did, ours stay and theirs are told.
 */
export function bothOf(before, values, fresh) {
  const known = Object.fromEntries(before.map((field) => [field.key, field.value]));
  const met = { values: {}, theirs: {} };
  for (const { key, value } of fresh) {
    const ours = values[key];
    const touched = key in values && !same(ours, known[key]);
    met.values[key] = touched ? ours : value;
    if (touched && !same(ours, value) && !same(value, known[key])) {
      met.theirs[key] = inWords(value);
    }
  }
  return met;
}

/** An empty field is empty, whether nobody has typed or somebody has deleted. */
function same(one, other) {
  return JSON.stringify(one ?? '') === JSON.stringify(other ?? '');
}
