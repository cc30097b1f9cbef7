"""The vocabulary of market data: periods, timeframes, instruments, sessions, price basis, faults and the clock. No I/O."""
