"""Download of CIFAR-10, verified by checksums and in its original order."""
