"""Webhooks: systems of enterprises and departments are told of what happens, signed and in order.

`addresses` says where we may connect to, `signatures` how a call is proved, `endpoints` keeps the
addresses, `calls` the events on their way, `sender` sends them.
"""
