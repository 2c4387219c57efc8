// Form fields with visible labels, hints, errors and marks for what was filled in automatically.

import { html, useEffect, useRef } from '../vendor/preact-htm.js';
import { useLatest } from './ui.js';
import { t } from './i18n.js';

const RADIO_LIMIT = 5;
const ROW = '内容';
const NUMBERS = ['integer', 'decimal'];

const KINDS = {
  phone: { type: 'tel', inputmode: 'numeric', autocomplete: 'tel' },
  idno: { autocomplete: 'off' },
  uscc: { autocomplete: 'off' },
  integer: { inputmode: 'numeric' },
  decimal: { inputmode: 'decimal' },
  date: { type: 'date' },
  datetime: { type: 'datetime-local' },
};

/** Errors of all fields on top, each leading to its field. `errors` is { key: message }. */
export function ErrorSummary({ errors, turn }) {
  const box = useRef(null);
  const entries = Object.entries(errors);
  const complain = useLatest(() => {
    if (entries.length > 0) {
      box.current?.focus();
      document.title = `${t('form.error')}${document.title.replace(t('form.error'), '')}`;
    }
  });
  useEffect(complain, [turn]);
  if (entries.length === 0) {
    return null;
  }

  function lead(event, key) {
    event.preventDefault();
    const target = document.getElementById(`f-${key}`);
    target?.scrollIntoView({ block: 'center' });
    target?.focus();
  }

  return html`
    <div class="errsum" role="alert" tabindex="-1" ref=${box}>
      <h2>${t('form.summary', { n: entries.length })}</h2>
      ${entries.map(
        ([key, message]) => html`
          <a href=${`#f-${key}`} onClick=${(event) => lead(event, key)}>${message}</a>
        `,
      )}
    </div>
  `;
}

/**
 * One field of a form as the catalogue describes it: {key, label, type, required, options, hint}.
 * `source` is the sentence that says where a filled-in value came from.
 */
export function Field({ field, value, error, source, onInput }) {
  const id = `f-${field.key}`;
  const grouped =
    field.type === 'boolean' || isSeveral(field) || (isChoice(field) && field.options.length <= RADIO_LIMIT);
  const describedBy = [hintOf(field) && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || null;
  const common = { id, describedBy, field, value, error, onInput };
  if (!isOpen(field)) {
    return html`
      <div class="field">
        <span class="label">${field.label} <span class="auto">${source}</span></span>
        <span>${inWords(value)}</span>
      </div>
    `;
  }
  const label = html`
    ${field.label}
    ${!field.required && html`<span class="optional">${t('form.optional')}</span>`}
    ${' '}
    ${source && html`<span class="auto">✓ ${source}</span>`}
  `;
  const notes = html`
    ${hintOf(field) && html`<span class="hint" id=${`${id}-hint`}>${hintOf(field)}</span>`}
    ${
      error &&
      html`
      <span class="msg" id=${`${id}-error`}><span class="vh">${t('form.error')}</span>${error}</span>
    `
    }
  `;
  if (grouped) {
    return html`
      <fieldset class=${error ? 'field err' : 'field'} aria-describedby=${describedBy}>
        <legend>${label}</legend>
        ${notes}
        <${isSeveral(field) ? Ticks : Radios} ...${common} />
      </fieldset>
    `;
  }
  return html`
    <div class=${error ? 'field err' : 'field'}>
      <label for=${id}>${label}</label>
      ${notes}
      <${Control} ...${common} />
    </div>
  `;
}

/** A value as people read it; empty when there is none. */
export function inWords(value) {
  if (typeof value === 'boolean') {
    return t(value ? 'yes' : 'no');
  }
  return Array.isArray(value) ? value.map(lineOf).join('；') : String(value ?? '');
}

function isChoice(field) {
  return field.options?.length > 0;
}

/** Several of a given list may be ticked. */
function isSeveral(field) {
  return field.type === 'list' && isChoice(field);
}

function options(field) {
  if (field.type === 'boolean') {
    return [
      { value: true, label: t('yes') },
      { value: false, label: t('no') },
    ];
  }
  return field.options.map((option) => ({ value: option, label: option }));
}

function hintOf(field) {
  if (field.hint ?? field.note) {
    return field.hint ?? field.note;
  }
  if (isSeveral(field)) {
    return t('guide.multi');
  }
  return field.type === 'list' || field.type === 'table' ? t('form.oneALine') : null;
}

function Radios({ id, field, value, onInput }) {
  return options(field).map(
    (option, index) => html`
      <label class="choice">
        <input
          type="radio"
          name=${field.key}
          id=${index === 0 ? id : null}
          checked=${value === option.value}
          onChange=${() => onInput(option.value)}
        />
        ${option.label}
      </label>
    `,
  );
}

function Ticks({ id, field, value, onInput }) {
  const chosen = value ?? [];

  function toggle(option) {
    onInput(chosen.includes(option) ? chosen.filter((one) => one !== option) : [...chosen, option]);
  }

  return options(field).map(
    (option, index) => html`
      <label class="choice" key=${option.value}>
        <input
          type="checkbox"
          id=${index === 0 ? id : null}
          checked=${chosen.includes(option.value)}
          onChange=${() => toggle(option.value)}
        />
        ${option.label}
      </label>
    `,
  );
}

function Control({ id, field, value, error, describedBy, onInput }) {
  const shared = { id, class: 'in', 'aria-invalid': error ? 'true' : null, 'aria-describedby': describedBy };
  const type = (event) => onInput(event.target.value);
  if (isChoice(field)) {
    return html`
      <select ...${shared} onChange=${type}>
        <option value="" selected=${!value}>${t('form.choose')}</option>
        ${options(field).map(
          (option) => html`<option value=${option.value} selected=${value === option.value}>${option.label}</option>`,
        )}
      </select>
    `;
  }
  if (field.type === 'list' || field.type === 'table') {
    const lines = Array.isArray(value) ? value.map(lineOf).join('\n') : (value ?? '');
    const split = (event) => onInput(event.target.value.split('\n'));
    return html`<textarea ...${shared} rows="3" value=${lines} onInput=${split}></textarea>`;
  }
  if (field.type === 'text') {
    return html`<textarea ...${shared} rows="4" value=${value ?? ''} onInput=${type}></textarea>`;
  }
  return html`<input ...${shared} ...${KINDS[field.type] ?? {}} value=${value ?? ''} onInput=${type} />`;
}

const PATTERNS = {
  phone: [/^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?)$/, 'form.phone'],
  idno: [/^\d{17}[\dXx]$/, 'form.idno'],
  uscc: [/^[0-9A-Za-z]{18}$/, 'form.uscc'],
  integer: [/^-?\d+$/, 'form.number'],
  decimal: [/^-?\d+(\.\d+)?$/, 'form.number'],
};

/**
 * What is wrong with the values as far as the page can tell: { key: message }.
 *
 * @param {any[]} fields
 * @param {Record<string, any>} values
 * @returns {Record<string, string>}
 */
export function checkFields(fields, values) {
  const errors = {};
  for (const field of fields.filter(isOpen)) {
    const value = values[field.key];
    if (isEmpty(value)) {
      if (field.required) {
        errors[field.key] = t(isChoice(field) || field.type === 'boolean' ? 'form.pleaseChoose' : 'form.pleaseEnter', {
          label: field.label,
        });
      }
      continue;
    }
    const [pattern, message] = PATTERNS[field.type] ?? [];
    if (pattern && !pattern.test(String(value).trim())) {
      errors[field.key] = t(message, { label: field.label });
    } else if (NUMBERS.includes(field.type) && field.rule && outOf(field.rule, Number(value))) {
      errors[field.key] = t(outOf(field.rule, Number(value)), { label: field.label, ...field.rule });
    }
  }
  return errors;
}

function outOf(rule, number) {
  if (rule.min !== null && number < rule.min) {
    return 'form.min';
  }
  return rule.max !== null && number > rule.max ? 'form.max' : null;
}

function isEmpty(value) {
  if (Array.isArray(value)) {
    return value.every((line) => !lineOf(line).trim());
  }
  return value === undefined || value === null || String(value).trim() === '';
}

/** Values as the server takes them: trimmed, lines as lists or rows, null for what was left empty. */
export function tidy(fields, values) {
  return Object.fromEntries(fields.filter(isOpen).map((field) => [field.key, tidied(field, values[field.key])]));
}

function tidied(field, value) {
  if (isEmpty(value)) {
    return null;
  }
  if (Array.isArray(value)) {
    const lines = value
      .map(lineOf)
      .map((line) => line.trim())
      .filter(Boolean);
    return field.type === 'table' ? lines.map((line) => ({ [ROW]: line })) : lines;
  }
  return typeof value === 'string' ? value.trim() : value;
}

/** Rows of a table come as objects; people read and write them as one line. */
export function lineOf(line) {
  return typeof line === 'object' ? Object.values(line).join(' ') : line;
}

/** Whether the applicant may change a field: some are decided by an answer of the guide. */
export function isOpen(field) {
  return field.source !== 'preset';
}

/** The server's list of refused fields as { key: message }. */
export function errorsOf(problem) {
  if (problem?.members?.fields) {
    return problem.members.fields;
  }
  const pairs = (problem?.errors ?? []).map((error) => [error.field ?? error.key, error.message ?? error.detail]);
  return Object.fromEntries(pairs.filter(([key]) => key));
}
