"""Certificates, chains, revocation, time stamps and messages: strict structures, and who judges."""
