"""Market data whose every number can be dated, traced, rebuilt and shown not to have seen the future."""
