"""Authorities for development and tests: certificates, time stamps, OCSP. Never in product code."""
