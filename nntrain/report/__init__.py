"""What became of a training, as one HTML page."""
