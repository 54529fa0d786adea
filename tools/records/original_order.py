"""Records the order of CIFAR-10's images, to put them back into it: ``python -m tools.records.original_order``."""

from __future__ import annotations

import numpy as np

from cifarcam.data.cifar import cifar10
from cifarcam.data.fetch.original_order import CHECKSUMS, ORDERS, by_content
from cifarcam.files import atomic_write


def main() -> None:
    orders = {name: by_content(cifar10(name)).astype(np.uint16) for name in CHECKSUMS}
    with atomic_write(ORDERS) as temporary:
        np.savez(temporary, **orders)


if __name__ == "__main__":
    main()
