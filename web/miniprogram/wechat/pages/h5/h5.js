// @ts-check
const CODE_SCREEN = '#/qr/';

Page({
  data: { src: '' },
  base: '',

  onLoad() {
    this.base = getApp().globalData.src || '';
    getApp().globalData.src = '';
    this.setData({ src: this.base });
    wx.onUserCaptureScreen(this.warnOfScreenshot);
  },

  onUnload() {
    wx.offUserCaptureScreen();
  },

  /** A native page left a result: the H5 reads it from the hash, which does not reload it. */
  onShow() {
    const app = getApp();
    const { result } = app.globalData;
    if (result) {
      app.globalData.result = null;
      this.setData({ src: `${this.base.split('#')[0]}#native=${encodeURIComponent(result)}` });
    }
  },

  /** Screens with a code are shown bright, and dark again afterwards. @param {{ detail: { src: string } }} event */
  onPage(event) {
    const bright = event.detail.src.includes(CODE_SCREEN);
    wx.setScreenBrightness({ value: bright ? 1 : -1 });
  },

  warnOfScreenshot() {
    wx.showToast({ title: '截屏可能泄露证照，亮证码一分钟失效', icon: 'none', duration: 3000 });
  },

  onShareAppMessage() {
    return { title: '云间证', path: '/pages/index/index' };
  },
});
