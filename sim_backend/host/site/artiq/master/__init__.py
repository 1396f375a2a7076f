"""The part of the master that user code imports."""
