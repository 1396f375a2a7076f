"""Gates an experiment passes before it meets hardware: scan, lint, dry run, compile."""
