"""Proof by mutation that a panel does not see the future: pure, over any function that builds one."""
