"""Constants of CIFAR-10: its classes, the mean and standard deviation of its channels, the side of its images."""

from __future__ import annotations

SIDE = 32  # of a CIFAR-10 image, in pixels


CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""The names of CIFAR-10's classes, in the order of the labels."""


MEAN = (0.4914, 0.4822, 0.4465)
"""The mean of each channel over all pixels of the 50,000 training images, in units of the pixel range 0 to 1."""


STD = (0.2470, 0.2435, 0.2616)
"""The standard deviation that goes with ``MEAN``."""
