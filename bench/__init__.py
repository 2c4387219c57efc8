"""Benches: figures as ratios to a named limit measured in the same run. See bench/README.md."""
