// Section 6: training.
