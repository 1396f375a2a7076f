"""Results files: opening, listing, repeating, comparing, exporting."""
