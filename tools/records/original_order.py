"""Records the order of CIFAR-10's images, so that they can be put back into it: ``python -m tools.order``."""

from __future__ import annotations

import numpy as np

from cifarcam.canonical import CHECKSUMS, ORDERS, by_content
from cifarcam.data import cifar10
from cifarcam.files import written_whole


def main() -> None:
    orders = {name: by_content(cifar10(name)).astype(np.uint16) for name in CHECKSUMS}
    with written_whole(ORDERS) as temporary:
        np.savez(temporary, **orders)


if __name__ == "__main__":
    main()
