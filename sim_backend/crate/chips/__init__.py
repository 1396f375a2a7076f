"""Register models of the real chips, moved by RTIO words in time order."""
