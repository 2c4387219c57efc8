"""Whether a photographed paper can be read: size, light, glare, sharpness, edges. Pure CPU work.

Hints, never refusals: a grey security paper or a dark stamp may look bad to a rule and be fine to
an officer. Each is one sentence that says what to do. Thresholds were measured on drawn pages of
text (`tests/cases/test_picture_quality.py`).
"""

from PIL import Image, ImageChops, ImageFilter, ImageStat

TOO_SMALL = "图片较小，字可能看不清，建议靠近一些重新拍摄"
TOO_DARK = "画面偏暗，建议打开灯或到明亮处重新拍摄"
GLARE = "画面有反光，建议换个角度避开灯光重新拍摄"
BLURRED = "画面有些模糊，建议拿稳手机、对准文字重新拍摄"
CUT_OFF = "纸张的边缘没有拍全，建议后退一些重新拍摄"

_SHORTEST_SIDE = 400
_LOOK_SIDE = 800
"""Long side in pixels at which a picture is looked at."""

_DARK_MEAN = 65
"""Of 255: a page in a lit room has 120 and more."""

_SATURATED = 253
_GLARE_SHARE = (0.01, 0.5)
_DULL_PAPER = 225
"""Where the rest of the page is darker than this, saturated white is a lamp and not paper."""

_SHARP_VARIANCE = 60.0
"""Variance of the Laplacian: text in focus has hundreds, blurred by 3 pixels about 15."""

_EDGE_PIXELS = 4
_EDGE_SHARE = 0.25
_PAPER_CONTRAST = 60

_LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)


def hint(picture: Image.Image) -> str | None:
    """The most useful advice about the picture, or None."""
    if min(picture.size) < _SHORTEST_SIDE:
        return TOO_SMALL
    grey = picture.convert("L")
    grey.thumbnail((_LOOK_SIDE, _LOOK_SIDE))
    if ImageStat.Stat(grey).mean[0] < _DARK_MEAN:
        return TOO_DARK
    if _has_glare(grey):
        return GLARE
    if ImageStat.Stat(_inside(grey.filter(_LAPLACIAN))).var[0] < _SHARP_VARIANCE:
        return BLURRED
    return CUT_OFF if _is_cut_off(grey) else None


def _inside(picture: Image.Image) -> Image.Image:
    """Without the outermost pixels, for which a filter has no neighbours."""
    return picture.crop((1, 1, picture.width - 1, picture.height - 1))


def _has_glare(grey: Image.Image) -> bool:
    """A saturated patch in a page that is not as white itself."""
    counts = grey.histogram()
    pixels = grey.width * grey.height
    saturated = sum(counts[_SATURATED:])
    if not _GLARE_SHARE[0] < saturated / pixels < _GLARE_SHARE[1]:
        return False
    patch = grey.point([255 if level >= _SATURATED else 0 for level in range(256)])
    solid = patch.filter(ImageFilter.MinFilter(9)).histogram()[255]
    rest, seen = pixels - saturated, 0
    for level, count in enumerate(counts):
        seen += count
        if seen * 10 >= rest * 9:
            return level < _DULL_PAPER and solid / pixels > _GLARE_SHARE[0]
    return False


def _is_cut_off(grey: Image.Image) -> bool:
    """A bright sheet on a darker ground that runs out of the picture on some sides, not on all."""
    low, high = (level for level in _tenths(grey))
    if high - low < _PAPER_CONTRAST:
        return False
    paper = grey.filter(ImageFilter.MaxFilter(9)).point(
        [255 if level > (low + high) // 2 else 0 for level in range(256)]
    )
    width, height = paper.size
    strips = (
        (0, 0, width, _EDGE_PIXELS),
        (0, height - _EDGE_PIXELS, width, height),
        (0, 0, _EDGE_PIXELS, height),
        (width - _EDGE_PIXELS, 0, width, height),
    )
    touched = [ImageStat.Stat(paper.crop(strip)).mean[0] / 255 > _EDGE_SHARE for strip in strips]
    return 0 < sum(touched) < len(strips) and ImageChops.invert(paper).getbbox() is not None


def _tenths(grey: Image.Image) -> tuple[int, int]:
    """The levels below and above which a tenth of the pixels lie."""
    counts, pixels = grey.histogram(), grey.width * grey.height
    seen, low, high = 0, 0, 255
    for level, count in enumerate(counts):
        if seen < pixels / 10 <= seen + count:
            low = level
        if seen < pixels * 9 / 10 <= seen + count:
            high = level
        seen += count
    return low, high
