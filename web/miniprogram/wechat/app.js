// @ts-check
App({
  globalData: { /** @type {string | null} */ result: null },
  onLaunch() {
    const manager = wx.getUpdateManager();
    manager.onUpdateReady(() => manager.applyUpdate());
  },
});
