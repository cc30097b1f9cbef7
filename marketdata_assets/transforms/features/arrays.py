"""Names for the arrays that kernels walk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32] | NDArray[np.int64]
