"""ResNet-18 on CIFAR-10 and the class activation maps that explain its mistakes."""

__version__ = "0.1.0"
