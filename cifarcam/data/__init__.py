"""CIFAR-10 and other images, as NumPy arrays and as normalised tensors."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cifar": ["cache_folder", "cifar10", "uses_stand_in"],
        "constants": ["CLASSES", "MEAN", "SIDE", "STD"],
        "custom": ["Renormalize", "as_split", "channel_statistics"],
        "normalization": ["denormalize", "normalize"],
        "pictures": ["Picture", "open_picture"],
        "split": ["Split"],
        "synthetic": ["synthetic_cifar10", "synthetic_masks"],
    },
)
