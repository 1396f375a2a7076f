"""Drivers with ARTIQ's names over a simulated RTIO bus: the interpreted route.

Drivers write the RTIO words ARTIQ's drivers write, at the same cursor times; models of
the chips (`sim_backend.crate.chips`) turn words into physical quantities. The
twin powers up as a laboratory after its startup kernel: cards initialised, all silent.
"""
