"""How well scores tell stolen suspects from irrelevant ones, and how sure that is. NumPy and SciPy alone."""
