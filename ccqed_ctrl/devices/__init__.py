"""Kernel-side wrappers: what the laboratory's channels do, in kernels."""
