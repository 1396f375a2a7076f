"""What ARTIQ's compiler rejects, by idea; each rule reads one kernel.

A rule takes a `Kernel` and yields (syntax node, name of the rule, message); the message
says what to do instead.
"""

from __future__ import annotations

from . import calls, flow, interleaving, names, objects, signatures, syntax, values

RULES = (
    *syntax.RULES,
    *signatures.RULES,
    *names.RULES,
    *values.RULES,
    *calls.RULES,
    *interleaving.RULES,
    *flow.RULES,
    *objects.RULES,
)
