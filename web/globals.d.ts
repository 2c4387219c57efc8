// What the pages find in a browser beyond the standard's own types.

/** zxing-wasm as a classic script: a worker cannot import it as a module everywhere. */
declare const ZXingWASM: {
  prepareZXingModule(options: object): void;
  readBarcodes(image: ImageData, options: object): Promise<{ text: string; isValid?: boolean }[]>;
};

interface Window {
  /** Set by the shell of WeChat. */
  __wxjs_environment?: string;
  wx?: { miniProgram: any };
  /** Alipay's bridge. */
  my?: any;
}

/** The lamp of a camera: in Chromium, not yet in TypeScript's list. */
interface MediaTrackCapabilities {
  torch?: boolean;
}
interface MediaTrackConstraintSet {
  torch?: boolean;
}
