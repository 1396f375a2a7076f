"""Kernels that ARTIQ accepts or refuses; `compiled_verdicts.json` says which.

Each class with a kernel `run` is one program. Nothing here is ever run: the compiler
and the linter read it.
"""
