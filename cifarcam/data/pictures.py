"""Opening an image file and resizing it to the network's 32×32 pixels."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cifarcam.data.constants import SIDE
from cifarcam.errors import CifarcamError

MOST_PIXELS = 100_000_000  # a phone's camera makes 12 to 50 million
SHOWN = 800  # pixels of the longer side that a figure needs
# What Pillow opens by itself; for PostScript it would start another program.
FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP")
INTEGERS = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # Pillow's names for grey of more than 8 bits


@dataclass(frozen=True)
class Picture:
    """A picture as it was given and as the network sees it.

    Attributes:
        size: width and height of the picture as given, upright, in pixels.
        given: uint8, (H, W, 3), in colour and opaque, made smaller where its longer side has more than 800 pixels.
        image: uint8, (32, 32, 3).
        notes: a sentence for each thing that was done to it.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import Picture
        >>> image = np.zeros((32, 32, 3), np.uint8)
        >>> Picture(size=(32, 32), given=image, image=image, notes=()).size
        (32, 32)
    """

    size: tuple[int, int]
    given: np.ndarray
    image: np.ndarray
    notes: tuple[str, ...]


def open_picture(path: str | Path) -> Picture:
    """Opens an image file: JPEG, PNG, WebP, GIF, TIFF, BMP and what else is in ``FORMATS``.

    The middle square of the picture is resized to 32×32 (Lanczos, antialiased). Transparency goes on white, 16-bit grey
    is brought down to 8 bits, and of an animation the first frame is taken; ``notes`` says so.

    Args:
        path: of the file.

    Returns:
        The picture as given and as the network sees it.

    Raises:
        CifarcamError: for a file that is missing, damaged, no image, or of more than 100 million pixels.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> from cifarcam.data import open_picture
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("RGB", (60, 40)).save(f"{folder}/wide.png")
        ...     open_picture(f"{folder}/wide.png").notes[0]
        'Of its 60×40 pixels the network sees the middle 40×40.'
    """
    path = Path(path)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise CifarcamError(f"{path} {found}; give the path of an image file.")
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we have a limit of our own
            opened = Image.open(path, formats=_formats())
        with opened:
            _check_size(opened, path)
            if getattr(opened, "n_frames", 1) > 1:
                notes.append(f"Of its {opened.n_frames} frames the first is taken.")
            opened.load()
            picture = in_rgb(upright(opened), str(path), notes)
    except CifarcamError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path, "far too many") from error
    except UnidentifiedImageError as error:
        raise CifarcamError(f"{path} is no image that Pillow can open; give a PNG or a JPEG.") from error
    except Exception as error:  # damaged files raise many types here, each format its own
        raise CifarcamError(f"{path} is damaged or cannot be read: {error}. Save the picture anew.") from error
    shown = picture.copy()
    shown.thumbnail((SHOWN, SHOWN), reducing_gap=None)
    return Picture(picture.size, np.array(shown), _square(picture, notes), tuple(notes))


def upright(picture: Image.Image) -> Image.Image:
    """The picture turned as its camera's note (EXIF) says; as it is where there is none, or none that can be read."""
    try:
        return ImageOps.exif_transpose(picture)
    except (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        return picture


def _formats() -> list[str]:
    """Those of ``FORMATS`` that this Pillow was built with."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _check_size(opened: Image.Image, path: Path) -> None:
    width, height = opened.size
    if width * height > MOST_PIXELS:
        raise _too_large(path, f"{width}×{height}")


def _too_large(path: Path, pixels: str) -> CifarcamError:
    return CifarcamError(
        f"{path} has {pixels} pixels; expected at most {MOST_PIXELS // 10**6} million. Make it smaller."
    )


def in_rgb(picture: Image.Image, name: str, notes: list[str] | None = None) -> Image.Image:
    """A picture of any mode in opaque colour of 8 bits a channel; what is transparent is shown on white.

    Args:
        picture: of any of Pillow's modes.
        name: what an error message calls the picture.
        notes: gets a sentence for each thing that was done.

    Raises:
        CifarcamError: for floating-point values and grey values of more than 16 bits.
    """
    notes = [] if notes is None else notes
    if picture.mode in INTEGERS:
        notes.append("Its grey values are brought down to 8 bits.")
        return _from_16_bits(picture, name)
    if picture.mode == "F":
        raise CifarcamError(f"{name} holds floating-point numbers; save it with 8 bits a channel.")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        if picture.getchannel("A").getextrema()[0] < 255:
            notes.append("Its transparent parts are shown on white.")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _from_16_bits(picture: Image.Image, name: str) -> Image.Image:
    values = np.asarray(picture).astype(np.int64)
    if values.min() < 0 or values.max() >= 2**16:
        raise CifarcamError(
            f"{name} holds grey values from {values.min()} to {values.max()}; expected 16 bits, 0 to 65535."
        )
    return Image.fromarray((values // 257).astype(np.uint8)).convert("RGB")


def _square(picture: Image.Image, notes: list[str]) -> np.ndarray:
    """The middle square as 32×32, uint8."""
    width, height = picture.size
    if (width, height) == (SIDE, SIDE):
        return np.array(picture)
    if width != height:
        side = min(width, height)
        notes.append(f"Of its {width}×{height} pixels the network sees the middle {side}×{side}.")
    notes.append(f"It is resized to {SIDE}×{SIDE} pixels (Lanczos).")
    return np.array(ImageOps.fit(picture, (SIDE, SIDE), Image.Resampling.LANCZOS))
