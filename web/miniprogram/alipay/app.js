// @ts-check
App({
  globalData: { /** @type {string | null} */ result: null },
  onLaunch() {
    const manager = my.getUpdateManager();
    manager.onUpdateReady(() => manager.applyUpdate());
  },
});
