"""Alipay's own words: signatures, certificates, the gateway, encrypted phone answers."""
