"""From a frame to the field, to spins, to what was recalled."""
