"""The core device itself, emulated: kernels as compiled for a Kasli, byte for byte."""
