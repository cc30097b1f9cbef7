"""Pure functions from frames to frames: normalize, arbitrate, cover. No I/O, no thresholds read from anywhere."""
