"""What a run did on the wires, for eyes and viewers: tables, pictures, dumps."""
