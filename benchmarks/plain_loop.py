"""The training loop of the usual tutorial, for comparison: torchvision's transforms and a DataLoader."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from cifarcam.data.constants import MEAN, STD
from cifarcam.data.split import Split
from cifarcam.hardware import autocast, fastest_precision
from cifarcam.network.resnet import ResNet18

BATCH = 128


class TransformedImages(Dataset):
    """A split as torchvision's CIFAR10 gives it: PIL images through random crop, flip, tensor, normalisation."""

    def __init__(self, split: Split) -> None:
        self.split = split
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.split.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.split.images[index])), int(self.split.labels[index])


class PlainLoop:
    """A ResNet-18 of some width, trained step by step; ``steps()`` yields the size of each batch it has trained on.

    Args:
        train: the images.
        device: where to train.
        width: channels of the stem.
        workers: of the DataLoader.
        tuned: with what PyTorch's tuning guide advises: autocast in the fastest number format, channels-last memory.
    """

    def __init__(
        self, train: Split, device: torch.device, width: int = 64, workers: int = 2, *, tuned: bool = False
    ) -> None:
        self.device = device
        self.precision = fastest_precision(device) if tuned else "float32"
        self.layout = torch.channels_last if tuned else torch.contiguous_format
        self.loader = DataLoader(TransformedImages(train), batch_size=BATCH, shuffle=True, num_workers=workers)
        self.net = ResNet18(width).to(device, memory_format=self.layout)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
        self.loss = nn.CrossEntropyLoss()

    def steps(self) -> Iterator[int]:
        self.net.train()
        running = 0.0
        for inputs, targets in self.loader:
            inputs, targets = inputs.to(self.device, memory_format=self.layout), targets.to(self.device)
            self.optimizer.zero_grad()
            with torch.autocast(**autocast(self.device, self.precision)):
                loss = self.loss(self.net(inputs), targets)
            loss.backward()
            self.optimizer.step()
            running += loss.item()
            yield len(targets)
