// @ts-check
const { leave } = require('../../utils/bridge');

Page({
  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    my.scan({
      scanType: ['qrCode'],
      success: ({ code }) => leave('scan', { id: query.id, value: code }),
      fail: ({ errorMessage }) => leave('scan', { id: query.id, error: errorMessage || '' }),
      complete: () => my.navigateBack(),
    });
  },
});
