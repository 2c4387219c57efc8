"""WeChat's own words: crypto, error codes, template rules, the authenticated call."""
