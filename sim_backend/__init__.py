"""The digital twin: simulated devices around one physical plant."""
