// Runs only in browsers without ES modules (before Safari 11 and Chrome 61): say so instead of staying blank.
document.getElementById('app').textContent =
  '您的浏览器版本太旧，无法打开本页。请升级浏览器，或用微信、支付宝打开。需要帮助请拨打 12345。';
