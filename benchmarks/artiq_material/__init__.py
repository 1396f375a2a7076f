"""ARTIQ's own examples and device tests on the twin: what runs, and why not the rest.

`python -m benchmarks artiq_material --artiq SOURCES --python ARTIQ_PYTHON`
"""
