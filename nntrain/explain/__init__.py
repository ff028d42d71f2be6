"""For people who learn: networks taken apart, gradients checked, own code graded, runs diagnosed."""
