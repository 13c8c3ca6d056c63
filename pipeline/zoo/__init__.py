"""The suspects: which there are, how each is made once, and where it is kept."""
