"""CIFAR-10 from where it is published, checked and in its original order."""
