"""Any picture in: every kind that Pillow opens becomes 32×32 RGB, or is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifarcam.data import pictures
from cifarcam.data.pictures import open_picture
from cifarcam.errors import CifarcamError

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
SMOOTH = np.linspace(0, 255, 48).astype(np.uint8)[None, :, None].repeat(48, 0).repeat(3, 2)


def test_an_image_of_the_right_size_is_taken_as_it_is(tmp_path: Path) -> None:
    Image.fromarray(PIXELS[:32, :32]).save(tmp_path / "a.png")
    picture = open_picture(tmp_path / "a.png")
    assert np.array_equal(picture.image, PIXELS[:32, :32]) and np.array_equal(picture.given, picture.image)
    assert picture.notes == () and picture.image.dtype == np.uint8


def test_the_middle_square_is_resized_and_a_note_says_how(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    picture = open_picture(tmp_path / "a.png")
    assert picture.given.shape == (40, 60, 3) and picture.image.shape == (32, 32, 3)
    middle = Image.fromarray(np.ascontiguousarray(PIXELS[:, 10:50])).resize((32, 32), Image.Resampling.LANCZOS)
    inner = slice(3, -3)  # at its rim the filter takes in what lies beyond the square
    np.testing.assert_allclose(picture.image[inner, inner], np.asarray(middle)[inner, inner], atol=1)
    assert "60×40" in picture.notes[0] and "middle 40×40" in picture.notes[0] and "Lanczos" in picture.notes[1]


def test_a_picture_smaller_than_the_networks_is_enlarged(tmp_path: Path) -> None:
    Image.fromarray(PIXELS[:5, :1]).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png").image.shape == (32, 32, 3)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB"])
def test_every_colour_mode_becomes_rgb(mode: str, tmp_path: Path) -> None:
    source = Image.fromarray(SMOOTH)
    original = source.convert("RGB").convert(mode) if mode != "LAB" else Image.new("LAB", (48, 48), (128, 0, 0))
    path = tmp_path / ("a.jpg" if mode == "YCbCr" else "a.tif")  # Pillow 11 cannot read the TIFF of YCbCr it wrote
    original.save(path)
    picture = open_picture(path)
    assert picture.given.shape == (48, 48, 3) and picture.image.shape == (32, 32, 3)
    if mode in ("L", "RGB"):
        assert np.array_equal(picture.given, SMOOTH)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_put_on_white_and_said(mode: str, tmp_path: Path) -> None:
    half = Image.fromarray(SMOOTH).convert("RGBA")
    alpha = np.full((48, 48), 255, np.uint8)
    alpha[:24] = 0
    half.putalpha(Image.fromarray(alpha))
    (half if mode == "RGBA" else half.convert("LA")).save(tmp_path / "a.png")
    if mode == "PA":
        half.quantize(64).save(tmp_path / "a.png")
    picture = open_picture(tmp_path / "a.png")
    assert (picture.given[:24] == 255).all() and "transparent" in picture.notes[0]
    np.testing.assert_allclose(picture.given[24:], SMOOTH[24:], atol=6)


def test_a_large_picture_is_shown_smaller(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).resize((1600, 1000)).save(tmp_path / "a.png")
    picture = open_picture(tmp_path / "a.png")
    assert picture.size == (1600, 1000) and picture.given.shape == (500, 800, 3)


def test_a_long_thin_picture_keeps_a_pixel_of_width(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1), "red").save(tmp_path / "thin.png")
    picture = open_picture(tmp_path / "thin.png")
    assert picture.size == (2000, 1) and picture.given.shape == (1, 800, 3)
    assert (picture.image == (255, 0, 0)).all()


def test_an_opaque_alpha_channel_needs_no_note(tmp_path: Path) -> None:
    Image.fromarray(SMOOTH[:32, :32]).convert("RGBA").save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png").notes == ()


def test_sixteen_bits_of_grey_become_eight(tmp_path: Path) -> None:
    grey = SMOOTH[..., 0].astype(np.uint16) * 257
    Image.fromarray(grey).save(tmp_path / "a.png")
    picture = open_picture(tmp_path / "a.png")
    assert np.array_equal(picture.given, SMOOTH) and "8 bits" in picture.notes[0]


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((32, 32, 3), value, np.uint8)) for value in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    picture = open_picture(tmp_path / "a.gif")
    assert (picture.given == 10).all() and "2 frames" in picture.notes[0]


def test_a_photograph_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees to see it upright
    Image.fromarray(PIXELS).save(tmp_path / "a.png", exif=exif)
    assert open_picture(tmp_path / "a.png").given.shape == (60, 40, 3)


def test_a_huge_picture_is_refused_before_it_is_opened_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 2_000)
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(CifarcamError, match="has 60×40 pixels; expected at most"):
        open_picture(tmp_path / "a.png")


def test_pillows_own_limit_is_explained_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(CifarcamError, match="far too many pixels; expected at most"):
        open_picture(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "tif", "webp", "bmp"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5])
def test_a_truncated_file_is_refused_in_one_sentence(kind: str, kept: float, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    Image.fromarray(PIXELS).save(path)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(CifarcamError, match=path.name) as caught:
        open_picture(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("not a picture")
    Image.fromarray(np.zeros((32, 32), np.float32)).save(tmp_path / "floats.tif")
    deep = np.full((32, 32), 10**6, np.int32)
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    for name, told in (
        ("a.png", "no image"),
        ("floats.tif", "floating-point"),
        ("deep.tif", "0 to 65535"),
        (".", "is a folder"),
        ("missing.png", "does not exist"),
    ):
        with pytest.raises(CifarcamError, match=told):
            open_picture(tmp_path / name)


def test_a_picture_in_postscript_is_not_opened_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow would start Ghostscript for it."""
    monkeypatch.setattr("subprocess.check_call", lambda *_: pytest.fail("a program was started"))
    Image.new("RGB", (40, 40)).save(tmp_path / "script.png", "EPS")
    with pytest.raises(CifarcamError, match="no image that Pillow can open"):
        open_picture(tmp_path / "script.png")


def test_a_broken_note_of_the_camera_is_no_broken_picture(tmp_path: Path) -> None:
    path = tmp_path / "photograph.jpg"
    Image.new("RGB", (40, 30), "green").save(path, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff", quality=95)
    assert open_picture(path).size == (40, 30)
