"""The feature panel: what each feature is, and one pass from daily bars to rows of (date, symbol) with all of them."""
