"""Keeping a store in step with a source for months: what changed since the last time, and a full listing now and then.

`engine` is what other code uses, `session` one run of one source. `stream` cuts what a connector yields into parts that
are stored and then committed, `state` is what is remembered between runs, kept in the records of the store.
"""
