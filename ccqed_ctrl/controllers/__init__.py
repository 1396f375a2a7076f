"""Network drivers: the programs that serve them, and what both ends need."""
