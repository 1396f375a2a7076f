"""The paper's figures, one file each, and the reproduction report.

PRX 11, 021048 (2021): `ccqed figures fig05 --scale quick`.
"""
