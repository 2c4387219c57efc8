// Let somebody see fields of one licence: which fields, what for, how long, how often; or a link.

import { html, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, newKey, post } from '../../kit/api.js';
import { Facts, FailedScreen, Failure, H1, Loading, useAct, useData } from '../../kit/ui.js';
import { replace } from '../state.js';

const DAYS = { person: [7, 30, 90], link: [1, 3, 7] };

export default function Authorise({ params }) {
  const path = `/api/citizen/licences/${params.id}`;
  const found = useData(() => get(path));
  const [link, setLink] = useState(null);
  if (found.error && !found.data) {
    return html`<${FailedScreen} error=${found.error} retry=${found.reload} />`;
  }
  if (!found.data) {
    return html`<${Loading} />`;
  }
  return html`
    <${H1} text=${t('grants.new', { name: found.data.name })} />
    <p class="muted">${t('grants.meaning')}</p>
    ${link ? html`<${Link} link=${link} />` : html`<${Form} licence=${found.data} path=${path} done=${setLink} />`}
  `;
}

function Form({ licence, path, done }) {
  const [kind, setKind] = useState('person');
  const [keys, setKeys] = useState([]);
  const [values, setValues] = useState({ name: '', id_no: '', purpose: '', days: 7, max_uses: 1 });
  const [key] = useState(newKey);
  const act = useAct();
  const put = (name) => (event) => setValues((before) => ({ ...before, [name]: event.target.value }));

  function toggle(field) {
    setKeys(keys.includes(field) ? keys.filter((one) => one !== field) : [...keys, field]);
  }

  async function submit(event) {
    event.preventDefault();
    const ends = new Date(Date.now() + Number(values.days) * 86_400_000).toISOString();
    const terms = { fields: keys, purpose: values.purpose, ends_at: ends };
    if (kind === 'link') {
      done((await act.run(() => post(`${path}/shares`, terms))) ?? null);
      return;
    }
    const { name, id_no } = values;
    const offer = { ...terms, name, id_no, max_uses: Number(values.max_uses) };
    if (await act.run(() => post(`${path}/authorisations`, offer, { key }))) {
      replace('/authorisations', t('grants.offered'));
    }
  }

  return html`
    <form class="card form" onSubmit=${submit}>
      ${act.error && html`<${Failure} error=${act.error} />`}
      <fieldset class="field">
        <legend>${t('grants.how')}</legend>
        ${['person', 'link'].map(
          (one) => html`
            <label class="choice" key=${one}>
              <input type="radio" name="kind" checked=${kind === one} onChange=${() => setKind(one)} />
              ${t(`grantKind.${one}`)}
            </label>
          `,
        )}
      </fieldset>
      ${
        kind === 'person' &&
        html`
        <${Input} id="name" label=${t('grants.name')} value=${values.name} onInput=${put('name')} />
        <${Input} id="id_no" label=${t('grants.idNo')} value=${values.id_no} onInput=${put('id_no')} />
        <${Input} id="max_uses" type="number" label=${t('grants.max')} value=${values.max_uses} onInput=${put('max_uses')} />
      `
      }
      <fieldset class="field">
        <legend>${t('grants.fields')}</legend>
        ${licence.facts.map(
          (fact) => html`
            <label class="choice" key=${fact.key}>
              <input type="checkbox" checked=${keys.includes(fact.key)} onChange=${() => toggle(fact.key)} />
              ${fact.label}
            </label>
          `,
        )}
      </fieldset>
      <${Input} id="purpose" label=${t('grants.purpose')} value=${values.purpose} onInput=${put('purpose')} />
      <div class="field">
        <label for="days">${t('grants.days')}</label>
        <select class="in" id="days" value=${values.days} onChange=${put('days')}>
          ${DAYS[kind].map((n) => html`<option value=${n} key=${n}>${t('grants.nDays', { n })}</option>`)}
        </select>
      </div>
      <button class="btn block" disabled=${act.busy || keys.length === 0}>${t('grants.give')}</button>
    </form>
  `;
}

function Input({ id, label, value, onInput, type = 'text' }) {
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <input class="in" id=${id} type=${type} min="1" max="100" required value=${value} onInput=${onInput} />
    </div>
  `;
}

/** Link and code, shown this once only. */
function Link({ link }) {
  return html`
    <section class="card" role="status">
      <p class="note ok">${t('grants.linkMade')}</p>
      <${Facts} items=${[[t('grants.link'), link.url], [t('grants.code'), link.code]]} />
      <p class="hint">${t('grants.linkHint')}</p>
      <a class="btn sec block" href="#/authorisations">${t('grants.title')}</a>
    </section>
  `;
}
