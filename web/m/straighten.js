// Cutting a photographed page to its sheet: four corners over the picture, dragged or moved by keys.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { t } from '../kit/i18n.js';
import { del, get, post } from '../kit/api.js';
import { Failure, Loading, useAct, useData } from '../kit/ui.js';

const NAMES = ['straighten.upperLeft', 'straighten.upperRight', 'straighten.lowerRight', 'straighten.lowerLeft'];
const STEP = 0.01;
const FINE_STEP = 0.002;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const within = (share) => Math.min(1, Math.max(0, share));
const percent = (share) => Math.round(share * 100);

/** Where a corner is, in words. */
function placeOf(name, { x, y }) {
  return t('straighten.place', { corner: t(name), x: percent(x), y: percent(y) });
}

/** The dialog over a page; `done` receives the case as it is afterwards. */
export function Straighten({ path, file, done, close }) {
  const dialog = useRef(null);
  const act = useAct();
  const suggested = useData(() => get(`${path}/corners`), [path]);
  const [moved, setMoved] = useState(null);
  const corners = moved ?? suggested.data?.corners;

  useEffect(() => {
    dialog.current.showModal();
  }, []);

  async function finish(work) {
    const changed = await act.run(work);
    if (changed) {
      dialog.current.close();
      done(changed);
    }
  }

  return html`
    <dialog class="cut" ref=${dialog} aria-labelledby="cut-title" onClose=${close}>
      <h2 id="cut-title">${t('straighten.title')}</h2>
      <p class="hint" id="cut-hint">${t('straighten.hint')} <span class="keys">${t('straighten.keys')}</span></p>
      ${suggested.error && html`<${Failure} error=${suggested.error} retry=${suggested.reload} />`}
      ${!corners && !suggested.error && html`<${Loading} />`}
      ${suggested.data && !suggested.data.found && html`<p class="note warn">${t('straighten.notFound')}</p>`}
      ${corners && html`<${Stage} picture=${`${path}/original`} corners=${corners} onMove=${setMoved} />`}
      ${act.error && html`<${Failure} error=${act.error} />`}
      <div class="bar">
        <button
          class="btn"
          disabled=${act.busy || !corners}
          onClick=${() => finish(() => post(`${path}/straight`, { corners }))}
        >
          ${t('straighten.apply')}
        </button>
        ${
          file.straightened &&
          html`
          <button class="btn sec" disabled=${act.busy} onClick=${() => finish(() => del(`${path}/straight`))}>
            ${t('straighten.restore')}
          </button>
        `
        }
        <button class="btn plain" onClick=${() => dialog.current.close()}>${t('straighten.cancel')}</button>
      </div>
    </dialog>
  `;
}

/** The picture with its corners. Places are fractions of the picture, so that any size will do. */
function Stage({ picture, corners, onMove }) {
  const stage = useRef(null);
  const [said, setSaid] = useState('');
  const line = corners.map(({ x, y }) => `${x * 100},${y * 100}`).join(' ');

  function move(place, to) {
    const there = { x: within(to.x), y: within(to.y) };
    onMove(corners.map((corner, other) => (other === place ? there : corner)));
    return there;
  }

  function drag(place, event) {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) {
      return;
    }
    const box = stage.current.getBoundingClientRect();
    move(place, { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height });
  }

  function press(place, event) {
    const way = MOVES[event.key];
    if (!way) {
      return;
    }
    event.preventDefault();
    const step = event.shiftKey ? FINE_STEP : STEP;
    const { x, y } = corners[place];
    setSaid(placeOf(NAMES[place], move(place, { x: x + way[0] * step, y: y + way[1] * step })));
  }

  return html`
    <div class="pane">
      <div class="stage" ref=${stage}>
        <img src=${picture} alt=${t('straighten.picture')} draggable=${false} />
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><polygon points=${line} /></svg>
        ${corners.map(
          ({ x, y }, place) => html`
            <button
              key=${NAMES[place]}
              class="corner"
              style=${{ left: `${x * 100}%`, top: `${y * 100}%` }}
              aria-label=${t(NAMES[place])}
              aria-describedby="cut-hint"
              onPointerDown=${(event) => event.currentTarget.setPointerCapture(event.pointerId)}
              onPointerMove=${(event) => drag(place, event)}
              onKeyDown=${(event) => press(place, event)}
            ></button>
          `,
        )}
      </div>
    </div>
    <p class="vh" role="status">${said}</p>
  `;
}
