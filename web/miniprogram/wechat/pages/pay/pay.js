// @ts-check
const { leave } = require('../../utils/bridge');

Page({
  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    const launch = JSON.parse(decodeURIComponent(query.launch || '{}'));
    const back = (/** @type {string} */ outcome) => leave('pay', { bill: query.bill, outcome });
    wx.requestPayment({
      ...launch,
      success: () => back('ask'), // the server asks WeChat Pay; this word proves nothing
      fail: ({ errMsg }) => back(errMsg.includes('cancel') ? 'cancelled' : 'ask'),
      complete: () => wx.navigateBack(),
    });
  },
});
