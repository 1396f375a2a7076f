"""Pure mathematics of the associative memory: no ARTIQ, no file, no clock, no log."""
