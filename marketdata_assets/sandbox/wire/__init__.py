"""The simulated market behind HTTP: one loopback port a vendor, each speaking as that vendor does, well or, when told so, badly."""
