"""Any laboratory's Sinara crate: RTIO, the cards of a device database, kernels."""
