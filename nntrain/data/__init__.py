"""From files to arrays and back: CSVs, the demo digits, real MNIST, the split and the batches."""
