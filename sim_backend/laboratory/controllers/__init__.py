"""Simulated network drivers: the protocols of the control side, over the plant."""
