// Me: for whom I act, messages, language, text size, theme, sign out.

import { html } from '../../vendor/preact-htm.js';
import { lang, setLang, t } from '../../kit/i18n.js';
import { del, put } from '../../kit/api.js';
import { Facts, Failure, H1, Loading, RowLink, useAct } from '../../kit/ui.js';
import { demo, farewell, forgetOfflinePasses, forgetUnsent, go, me, setSize, setTheme, size, theme } from '../state.js';

const SIZES = ['standard', 'large', 'extra'];
const THEMES = ['auto', 'light', 'dark'];

export default function Me() {
  return html`
    <${H1} text=${t('me.title')} />
    ${me.value === undefined && html`<${Loading} />`}
    ${
      me.value === null &&
      html`
      <section class="card">
        <p>${t('home.visitor')}</p>
        <a class="btn block" href="#/login?next=/me">${t('login.title')}</a>
      </section>
    `
    }
    ${me.value && html`<${Person} person=${me.value} />`}
    <${Choice}
      title=${t('me.language')}
      options=${[{ value: 'zh', label: t('lang.zh'), lang: 'zh-CN' }, { value: 'en', label: t('lang.en'), lang: 'en' }]}
      chosen=${lang.value}
      choose=${setLang}
    />
    <${Choice}
      title=${t('me.size')}
      options=${SIZES.map((value) => ({ value, label: t(`size.${value}`) }))}
      chosen=${size.value}
      choose=${setSize}
    />
    <${Choice}
      title=${t('me.theme')}
      options=${THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
      chosen=${theme.value}
      choose=${setTheme}
    />
    ${me.value && html`<${SignOut} />`}
  `;
}

function Person({ person }) {
  const act = useAct();

  async function actFor(organisationId) {
    const changed = await act.run(() => put('/api/citizen/acting-for', { organisation_id: organisationId }));
    if (changed) {
      me.value = changed;
    }
  }

  return html`
    <section class="card">
      <${Facts}
        items=${[
          [t('me.name'), person.name],
          [t('me.idNo'), person.id_no_masked],
          [t('me.phone'), person.phone_masked],
        ]}
      />
      <${RowLink} href="#/inbox" title=${t('inbox.title')} />
      <${RowLink} href="#/notices" title=${t('notices.title')} />
      <${RowLink} href="#/uses" title=${t('uses.title')} />
      <${RowLink} href="#/payments" title=${t('pay.title')} />
      <${RowLink} href="#/accounts" title=${t('accounts.title')} />
      <${RowLink} href="#/sign-ins" title=${t('signins.title')} />
      <${RowLink} href="#/represent" title=${t('represent.title')} />
      ${person.organisations
        .filter(({ relation }) => relation === 'legal_representative')
        .map(
          ({ id, name }) =>
            html`<${RowLink} key=${id} href=${`#/mandates/${id}`} title=${t('mandates.of', { name })} />`,
        )}
    </section>
    ${act.error && html`<${Failure} error=${act.error} />`}
    ${
      person.organisations.length > 0 &&
      html`
      <${Choice}
        title=${t('me.for')}
        hint=${t('me.forHint')}
        options=${[
          { value: null, label: t('me.self', { name: person.name }) },
          ...person.organisations.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        chosen=${person.acting_for?.id ?? null}
        choose=${actFor}
      />
    `
    }
  `;
}

/** One of several, taking effect at once. */
function Choice({ title, hint, options, chosen, choose }) {
  return html`
    <section class="card">
      <fieldset class="field">
        <legend><h2>${title}</h2></legend>
        ${hint && html`<p class="hint">${hint}</p>`}
        ${options.map(
          (option) => html`
            <label class="choice" key=${option.value} lang=${option.lang}>
              <input
                type="radio"
                name=${title}
                checked=${option.value === chosen}
                onChange=${() => choose(option.value)}
              />
              ${option.label}
            </label>
          `,
        )}
      </fieldset>
    </section>
  `;
}

function SignOut() {
  const act = useAct();

  async function leave() {
    await act.run(() => del('/api/citizen/sessions/current').catch(() => undefined));
    farewell();
    await Promise.all([forgetOfflinePasses(), forgetUnsent()]);
    go('/', t('me.signedOut'));
  }

  return html`
    <button class="btn sec block" disabled=${act.busy} onClick=${leave}>${t('me.signOut')}</button>
    ${demo && html`<p class="hint">${t('me.demo')}</p>`}
  `;
}
