// @ts-check
const { shared } = require('../../utils/bridge');

const CODE_SCREEN = '#/qr/';

Page({
  data: { src: '' },
  base: '',

  onLoad() {
    this.base = shared().src || '';
    shared().src = '';
    this.setData({ src: this.base });
    my.onUserCaptureScreen(this.warnOfScreenshot);
  },

  onUnload() {
    my.offUserCaptureScreen(this.warnOfScreenshot);
  },

  /** A native page left a result: the H5 reads it from the hash, which does not reload it. */
  onShow() {
    const left = shared();
    const { result } = left;
    if (result) {
      left.result = null;
      this.setData({ src: `${this.base.split('#')[0]}#native=${encodeURIComponent(result)}` });
    }
  },

  /** Screens with a code are shown bright, and dark again afterwards. @param {{ detail: { src: string } }} event */
  onPage(event) {
    const bright = event.detail.src.includes(CODE_SCREEN);
    my.setScreenBrightness({ brightness: bright ? 1 : 0.5 });
  },

  warnOfScreenshot() {
    my.showToast({ content: '截屏可能泄露证照，亮证码一分钟失效', type: 'none', duration: 3000 });
  },

  onShareAppMessage() {
    return { title: '云间证', desc: '城市政务一站办', path: '/pages/index/index' };
  },
});
