// A picture of a material, large: zoom in, out, fit; closed with a button or Escape.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';

const STEPS = [25, 50, 75, 100, 150, 200, 300];

export function Viewer({ file, close }) {
  const dialog = useRef(null);
  const picture = useRef(null);
  const [zoom, setZoom] = useState(null);
  // Without its own size a picture that is still on its way cannot be enlarged.
  const [arrived, setArrived] = useState(false);

  useEffect(() => {
    dialog.current.showModal();
  }, []);

  // Width is set as a property: the page's policy allows no style attribute.
  useEffect(() => {
    const image = picture.current;
    image.style.width = zoom === null ? '100%' : `${(image.naturalWidth * zoom) / 100}px`;
  }, [zoom]);

  function step(direction) {
    const now = zoom ?? Math.round((picture.current.clientWidth / picture.current.naturalWidth) * 100);
    const next = direction > 0 ? STEPS.find((one) => one > now) : [...STEPS].reverse().find((one) => one < now);
    setZoom(next ?? now);
  }

  return html`
    <dialog class="viewer" ref=${dialog} aria-label=${file.name} onClose=${close}>
      <div class="bar">
        <b class="grow">${file.name}</b>
        <button class="btn sec sm" disabled=${!arrived} onClick=${() => step(1)}>放大</button>
        <button class="btn sec sm" disabled=${!arrived} onClick=${() => step(-1)}>缩小</button>
        <button class="btn sec sm" onClick=${() => setZoom(null)}>适合宽度</button>
        <button class="btn sm" onClick=${() => dialog.current.close()}>关闭</button>
      </div>
      <div class="pane" tabindex="0" role="region" aria-label="图片">
        <img
          ref=${picture}
          src=${file.url}
          alt=${`材料图片：${file.name}`}
          onLoad=${() => setArrived(true)}
        />
      </div>
    </dialog>
  `;
}
