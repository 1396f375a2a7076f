"""From raw frames to fields, spins, patterns and figures."""
