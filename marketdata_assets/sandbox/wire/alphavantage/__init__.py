"""The interface of Alpha Vantage: one path, a function a question, complaints inside HTTP 200."""
