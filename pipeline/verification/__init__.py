"""What makes face verification different: pairs of pictures, thresholds, and a network that decides by them."""
