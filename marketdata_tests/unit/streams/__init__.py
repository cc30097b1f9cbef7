"""Real-time feeds: frames, rows, gaps and the listener."""
