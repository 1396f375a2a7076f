"""What was measured of the laboratory: records, which of them hold, what to do next."""
