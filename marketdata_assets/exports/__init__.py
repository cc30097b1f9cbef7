"""One module per backtester: validated bars in, the backtester's own files out. No lake."""
