"""The market data interface of Polygon, which now calls itself Massive: aggregates, trades, quotes and reference data."""
