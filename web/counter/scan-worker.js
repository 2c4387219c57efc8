// A classic worker: reads one picture at a time with zxing. Every third one is looked at harder.

/* global ZXingWASM */
importScripts('../vendor/zxing/zxing-reader.js');

ZXingWASM.prepareZXingModule({
  overrides: { locateFile: (name) => new URL(`../vendor/zxing/${name}`, self.location.href).href },
});

const EASY = {
  formats: ['QRCode'],
  maxNumberOfSymbols: 1,
  tryDownscale: true,
  tryHarder: false,
  tryRotate: false,
  tryInvert: false,
};
const HARD = { ...EASY, tryHarder: true, tryRotate: true, tryInvert: true };

let canvas = null;
let context = null;
let turn = 0;

function pixels(bitmap) {
  if (!canvas || canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    context = canvas.getContext('2d', { willReadFrequently: true });
  }
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

self.onmessage = async ({ data }) => {
  turn += 1;
  try {
    const [code] = await ZXingWASM.readBarcodes(pixels(data.bitmap), turn % 3 === 0 ? HARD : EASY);
    self.postMessage({ text: code && code.isValid !== false ? code.text : null });
  } catch (error) {
    self.postMessage({ text: null, failure: String(error) });
  }
};
