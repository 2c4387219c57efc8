// One case: where it stands now, what comes next, and everything that happened, live.

import { html } from '../../vendor/preact-htm.js';
import { day, moment, t, worded } from '../../kit/i18n.js';
import { get } from '../../kit/api.js';
import { Facts, FailedScreen, H1, Loading, Tag, useData } from '../../kit/ui.js';
import { MaterialState } from '../material.js';
import { live, useLive } from '../state.js';
import { Subscribe } from '../subscribe.js';
import { STATE_TONES } from './cases.js';

export default function Case({ params }) {
  const opened = useData(() => get(`/api/citizen/cases/${params.id}`));
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
  const one = opened.data;
  return html`
    <${H1} text=${one.item_name} />
    <section class="card">
      <div class="bar">
        <span role="status">
          <${Tag} tone=${STATE_TONES[one.state]}>${worded('caseState', one.state, one.state_text)}</${Tag}>
        </span>
        <${Connection} />
      </div>
      <${Facts}
        items=${[
          [t('case.number'), one.short_no && html`<span class="mono">${one.short_no}</span>`],
          [t('guide.department'), one.department],
          [t('case.due'), one.due_on && day(one.due_on)],
        ]}
      />
      ${one.outcome_text && html`<p>${one.outcome_text}</p>`}
      <${NextStep} one=${one} />
      ${
        one.submitted_at &&
        html`
        <a class="btn sec block" href=${`#/talk/${one.id}`}>
          ${t('talk.ask')} ${one.unread > 0 && html`<${Tag} tone="warn">${t('talk.new', { n: one.unread })}</${Tag}>`}
        </a>
      `
      }
    </section>
    <section class="card" aria-labelledby="steps">
      <h2 id="steps">${t('case.progress')}</h2>
      <ol class="tl">${one.steps.map((step) => html`<${Step} key=${step.step} step=${step} />`)}</ol>
    </section>
    <section class="card" aria-labelledby="history">
      <h2 id="history">${t('case.history')}</h2>
      <div role="log">
        <ul class="list">
          ${[...one.timeline].reverse().map((entry) => html`<${Entry} key=${entry.n} entry=${entry} />`)}
        </ul>
      </div>
    </section>
    <${Papers} one=${one} />
    <${Subscribe} />
    ${
      one.may.includes('withdraw') &&
      html`
      <a class="btn danger block" href=${`#/withdraw/${one.id}`}>${t('case.withdraw')}</a>
    `
    }
  `;
}

/** Whether the page hears of news by itself, in words. */
export function Connection() {
  const state = live.value?.state.value ?? 'connecting';
  return html`<span class=${state === 'open' ? 'live' : 'live off'} role="status">${t(`live.${state}`)}</span>`;
}

function NextStep({ one }) {
  if (one.licence) {
    return html`
      <p class="note ok">${t('case.licenceReady', { name: one.licence.name })}</p>
      <a class="btn block" href=${`#/licence/${one.licence.id}`}>${t('case.seeLicence')}</a>
    `;
  }
  if (one.may.includes('answer') && one.supplement) {
    return html`
      <div class="note warn">
        <b>${t('case.supplement')}</b>
        <ul class="plainlist">
          ${one.supplement.items.map((item) => html`<li>${item.name}：${item.reason}</li>`)}
        </ul>
        ${one.supplement.note && html`<p>${one.supplement.note}</p>`}
        <p>${t('case.supplementDue', { day: day(one.supplement.due_on) })}</p>
      </div>
      <a class="btn block" href=${`#/supplement/${one.id}`}>${t('case.answer')}</a>
    `;
  }
  if (one.may.includes('fill')) {
    return html`<a class="btn block" href=${`#/apply/${one.id}`}>${t('case.continue')}</a>`;
  }
  return null;
}

function Step({ step }) {
  return html`
    <li class=${step.state} aria-current=${step.state === 'now' ? 'step' : null}>
      <span class="dot" aria-hidden="true">${step.state === 'done' ? '✓' : ''}</span>
      <b>${worded('stepName', step.step, step.name)}<span class="vh">（${t(`step.${step.state}`)}）</span></b>
      ${step.at && html`<time datetime=${step.at}>${moment(step.at)}</time>`}
    </li>
  `;
}

function Entry({ entry }) {
  return html`
    <li class="row fixed">
      <span class="grow">
        <b>${entry.title}</b>
        ${entry.text && html`<small>${entry.text}</small>`}
        <small>
          <time datetime=${entry.at}>${moment(entry.at)}</time>${entry.actor_text && ` · ${entry.actor_text}`}
        </small>
      </span>
    </li>
  `;
}

function Papers({ one }) {
  return html`
    <section class="card">
      <details>
        <summary>${t('case.papers', { n: one.materials.length })}</summary>
        <ul class="list">
          ${one.materials.map(
            (material) => html`
              <li class="row fixed" key=${material.code}>
                <span class="grow"><b>${material.name}</b></span>
                <${MaterialState} material=${material} />
              </li>
            `,
          )}
        </ul>
      </details>
    </section>
  `;
}
