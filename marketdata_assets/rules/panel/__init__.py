"""The gates of the feature panel: rules over a whole panel, each with the figures it judged by."""
