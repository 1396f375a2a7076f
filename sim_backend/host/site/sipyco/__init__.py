"""Stand-in for sipyco where none is installed: serialisation and common arguments."""
