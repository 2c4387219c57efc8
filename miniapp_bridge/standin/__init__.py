"""The platforms played on one's own machine, for the demo and the tests (docs/adr/0010).

It answers as the platforms do, with their oddities, faults on request, a clock that can be moved
and a ledger of every call. Nothing here is imported from the rest of the program, nor the other way
round: a mistake that both sides shared would go unseen.
"""
