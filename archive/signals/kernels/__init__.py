"""The inner loops of signals, compiled by numba. Integers in, integers out, one thread.

Loaded only where signals are computed: importing one of these modules compiles it, the first time
on a machine.
"""
