// @ts-check
const { leave } = require('../../utils/bridge');
const CANCELLED = '6001';

Page({
  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    const launch = JSON.parse(decodeURIComponent(query.launch || '{}'));
    const back = (/** @type {string} */ outcome) => leave('pay', { bill: query.bill, outcome });
    my.tradePay({
      tradeNO: launch.tradeNO,
      success: ({ resultCode }) => back(resultCode === CANCELLED ? 'cancelled' : 'ask'), // proves nothing
      fail: () => back('ask'),
      complete: () => my.navigateBack(),
    });
  },
});
