// The guide of a service item: what it is, one question a page, and what you will need.

import { html, useEffect, useState } from '../../vendor/preact-htm.js';
import { t } from '../../kit/i18n.js';
import { get, newKey, post } from '../../kit/api.js';
import { channel } from '../../kit/host.js';
import { Facts, FailedScreen, Failure, H1, Loading, Tag, useAct, useData, useLatest } from '../../kit/ui.js';
import { go, me } from '../state.js';

export default function Guide({ params }) {
  const path = `/api/catalogue/items/${params.code}`;
  const item = useData(() => get(path));
  const [started, setStarted] = useState(false);
  const [trail, setTrail] = useState([]);
  const [outcome, setOutcome] = useState(null);
  const act = useAct();

  async function ask(nextTrail) {
    const result = await act.run(() => post(`${path}/guide`, { answers: answersOf(nextTrail), channel: channel() }));
    if (result) {
      setTrail(nextTrail);
      setOutcome(result);
      setStarted(true);
      scrollTo(0, 0);
    }
  }

  const goOn = useLatest(() => {
    const saved = sessionStorage.getItem(savedUnder(params.code));
    if (saved) {
      sessionStorage.removeItem(savedUnder(params.code));
      ask(JSON.parse(saved));
    }
  });
  useEffect(goOn, []);

  function back() {
    if (trail.length === 0) {
      setStarted(false);
      setOutcome(null);
    } else {
      ask(trail.slice(0, -1));
    }
  }

  if (item.error) {
    return html`<${FailedScreen} error=${item.error} retry=${item.reload} />`;
  }
  if (!item.data) {
    return html`<${Loading} />`;
  }
  const failure = act.error && html`<${Failure} error=${act.error} />`;
  if (!started) {
    return html`${failure}<${About} item=${item.data} busy=${act.busy} start=${() => ask([])} />`;
  }
  const backButton = html`<button class="btn sec" onClick=${back}>${t('guide.back')}</button>`;
  const question = item.data.situations.find(({ code }) => code === outcome.next_question);
  if (!outcome.stop && !outcome.goto && question) {
    return html`
      ${failure}
      <${Question}
        key=${question.code}
        question=${question}
        number=${trail.length + 1}
        busy=${act.busy}
        answer=${(values) => ask([...trail, { code: question.code, values }])}
      />
      <div>${backButton}</div>
    `;
  }
  if (outcome.stop || outcome.goto) {
    return html`<${Elsewhere} outcome=${outcome} /><div>${backButton}</div>`;
  }
  return html`<${Result} item=${item.data} outcome=${outcome} trail=${trail} /><div>${backButton}</div>`;
}

/** Where the answers of a visitor wait while they sign in. */
function savedUnder(code) {
  return `guide:${code}`;
}

function answersOf(trail) {
  return Object.fromEntries(trail.map(({ code, values }) => [code, values]));
}

/** First page: what one gets, how long it takes, what it costs; the fine print below. */
function About({ item, busy, start }) {
  return html`
    <${H1} text=${item.name} />
    <section class="card">
      <${Facts}
        items=${[
          [t('guide.department'), item.department.name],
          [t('guide.result'), item.result.name],
          [t('guide.promise'), item.promised_text],
          [t('guide.statutory'), item.statutory_text],
          [t('guide.fee'), item.fee.text],
        ]}
      />
      <button class="btn block" disabled=${busy} onClick=${start}>${t('guide.begin')}</button>
      <p class="hint">${t('guide.beginHint')}</p>
    </section>
    <section class="card">
      <${More} title=${t('guide.conditions')} lines=${item.conditions} />
      <${More} title=${t('guide.materials')} lines=${item.materials.map(({ name }) => name)} />
      <${More}
        title=${t('guide.steps')}
        lines=${item.steps.map((step) => [step.name, step.limit_text].filter(Boolean).join('：'))}
      />
      <${More} title=${t('guide.basis')} lines=${item.legal_basis} />
      <${More} title=${t('guide.faq')} lines=${item.faq.map(({ q, a }) => html`<b>${q}</b><br />${a}`)} />
      <${More} title=${t('guide.sites')} lines=${item.sites.map(({ name }) => name)} />
    </section>
  `;
}

function More({ title, lines }) {
  if (!lines.length) {
    return null;
  }
  return html`
    <details>
      <summary>${title}</summary>
      <ul class="plainlist">${lines.map((line) => html`<li>${line}</li>`)}</ul>
    </details>
  `;
}

/** One question with its answers as large buttons; several may be ticked where the question allows it. */
function Question({ question, number, busy, answer }) {
  const [chosen, setChosen] = useState([]);

  function choose(value) {
    if (!question.multi) {
      answer([value]);
      return;
    }
    setChosen(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  }

  return html`
    <p class="stepper">${t('guide.question', { n: number })}</p>
    <${H1} text=${question.question} />
    ${question.multi && html`<p class="hint">${t('guide.multi')}</p>`}
    <div class="card" role="group" aria-label=${question.question}>
      ${question.options.map(
        (option) => html`
          <button
            key=${option.value}
            class="btn sec block answer"
            aria-pressed=${question.multi ? String(chosen.includes(option.value)) : null}
            disabled=${busy}
            onClick=${() => choose(option.value)}
          >
            <span>
              ${question.multi && chosen.includes(option.value) && '✓ '}${option.label}
              ${option.note && html`<small>${option.note}</small>`}
            </span>
          </button>
        `,
      )}
      ${
        question.multi &&
        html`
        <button
          class="btn block"
          disabled=${busy || chosen.length === 0}
          onClick=${() => answer(chosen)}
        >
          ${t('next')}
        </button>
      `
      }
    </div>
  `;
}

/** The answers lead somewhere else: not possible here, or another item fits better. */
function Elsewhere({ outcome }) {
  return html`
    <${H1} text=${t(outcome.stop ? 'guide.stop' : 'guide.goto')} />
    <section class="card">
      ${outcome.stop && html`<p class="note warn">${outcome.stop.message}</p>`}
      ${
        outcome.goto &&
        html`
        <p>${t('guide.gotoText', { name: outcome.goto.name })}</p>
        <a class="btn block" href=${`#/guide/${outcome.goto.code}`}>${t('guide.gotoButton')}</a>
      `
      }
    </section>
  `;
}

/** "You need N materials, M of them are in your wallet", and the way to begin. */
function Result({ item, outcome, trail }) {
  const act = useAct();
  const [key] = useState(newKey);
  const needed = outcome.materials.filter((material) => material.required);
  const toBring = needed.filter((material) => !isSpared(material)).length;

  async function begin() {
    if (!me.value) {
      sessionStorage.setItem(savedUnder(item.code), JSON.stringify(trail));
      go(`/login?next=${encodeURIComponent(`/guide/${item.code}`)}`);
      return;
    }
    const wanted = { item_code: item.code, answers: answersOf(trail) };
    const opened = await act.run(() => post('/api/citizen/cases', wanted, { key }));
    if (opened) {
      go(`/apply/${opened.id}`);
    }
  }

  return html`
    <${H1} text=${t('guide.ready', { n: needed.length })} />
    <section class="card">
      <p>${t('guide.saved', { saved: needed.length - toBring, bring: toBring })}</p>
      <${Facts}
        items=${[
          [t('guide.promise'), outcome.promised_text],
          [t('guide.fee'), outcome.fee_text],
          [t('guide.mode'), outcome.approval_mode === 'commitment' ? t('guide.modeCommitment') : null],
        ]}
      />
      ${act.error && html`<${Failure} error=${act.error} />`}
      ${
        act.error?.slug === 'wrong-applicant' &&
        html`
        <a class="btn sec block" href="#/me">${t('guide.forWhom')}</a>
      `
      }
      <button class="btn block" disabled=${act.busy} onClick=${begin}>${t('guide.start')}</button>
    </section>
    <section class="card" aria-labelledby="list">
      <h2 id="list">${t('guide.materials')}</h2>
      <ul class="list">
        ${outcome.materials.map((material) => html`<${Needed} key=${material.code} material=${material} />`)}
      </ul>
    </section>
  `;
}

/** Ways that spare the citizen from bringing a paper. */
function isSpared(material) {
  return material.ways.some((way) => way.by !== 'upload' && way.available);
}

function Needed({ material }) {
  const way = material.ways.find((one) => one.by !== 'upload' && one.available);
  return html`
    <li class="row fixed">
      <span class="grow">
        <b>${material.name}${!material.required && html` <span class="muted">${t('form.optional')}</span>`}</b>
        <small>${way?.label ?? material.note ?? material.source_text}</small>
      </span>
      ${
        way
          ? html`<${Tag} tone="ok">✓ ${t('guide.spared')}</${Tag}>`
          : html`<${Tag} tone="idle">${t('guide.bring')}</${Tag}>`
      }
    </li>
  `;
}
