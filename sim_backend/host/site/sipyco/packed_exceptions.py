"""Exceptions of another process."""


class GenericRemoteException(Exception):
    """Another process raised something that has no class here."""
