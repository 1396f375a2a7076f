"""Kernels that compose devices into a shot."""
