"""Text and what lies behind it, computed for both themes."""

import re
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "static/calsync"
SURFACES = ["page", "surface", "surface-soft", "hover"]
PAIRS = [
    *((text, surface) for text in ("ink", "ink-soft", "brand", "bad", "warn", "good") for surface in SURFACES),
    *((text, "today") for text in ("ink", "ink-soft", "brand", "bad", "warn")),
    *((text, hatch) for text in ("ink", "ink-soft") for hatch in ("hatch-a", "hatch-b")),
    *((tone, f"{tone}-soft") for tone in ("bad", "warn", "good", "off")),
    *((text, f"{tone}-pale") for tone in ("brand", "bad", "warn", "good") for text in ("ink", "ink-soft", tone)),
    *((text, "brand-soft") for text in ("ink", "brand", "brand-dark")),
    *(("on-brand", blue) for blue in ("brand", "brand-dark")),
    *(("on-bad", red) for red in ("bad", "bad-dark")),
    *(("on-external", gray) for gray in ("external", "external-stripe")),
    ("ink", "off-soft"),
    ("ink-soft", "off-soft"),
]
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])|\b(?:rgba?|hsla?)\(")


def themes() -> dict[str, dict[str, str]]:
    """The variables of each theme."""
    blocks = re.findall(r"^(\S+) \{(.*?)^\}", (FOLDER / "calsync.css").read_text(), re.DOTALL | re.MULTILINE)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+);", body)) for _, body in blocks[:2])
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "behind"), PAIRS)
def test_text_can_be_read_on_what_lies_behind_it(theme: str, text: str, behind: str) -> None:
    colours = themes()[theme]

    assert contrast(colours[text], colours[behind]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_edge_of_a_field_and_of_an_external_event_stands_out(theme: str) -> None:
    colours = themes()[theme]

    assert contrast(colours["control-line"], colours["surface"]) >= 3
    assert contrast(colours["external-line"], colours["surface"]) >= 3


@pytest.mark.parametrize("sheet", sorted(path.name for path in FOLDER.glob("*.css")))
def test_a_stylesheet_names_no_colour_but_in_the_themes(sheet: str) -> None:
    text = (FOLDER / sheet).read_text()
    rules = text[text.index("\nbody {") :] if sheet == "calsync.css" else text

    assert COLOUR.findall(rules) == []
