"""One pandera model per table: dtype, null rule, unit and meaning of every column, said once."""
