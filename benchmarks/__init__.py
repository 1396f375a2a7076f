"""Side-by-side measurements against what a user could install instead."""
