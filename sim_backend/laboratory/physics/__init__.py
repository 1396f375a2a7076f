"""Pure physics of the twin: no ARTIQ, no file, no clock, no log."""
