"""Training, run folders, checkpoints and predictions."""
