"""A style file by which QGIS draws the parcels in the colours of their classes.

QGIS keeps a layer's symbols as XML (``.qml``). Given the values of one column and a symbol for each, it is a
"categorised" style; the last category, without a value, draws the parcels without a prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cropdash.nomenclature import CropClass

#: The version whose way of writing symbols this is; later ones read it too.
_VERSION = "3.28.0"
_NO_PREDICTION = "#B8BEC3"


def qgis_style(classes: Sequence[CropClass], column: str = "predicted_code") -> str:
    """The style as XML.

    Args:
        classes: what the column's codes mean, and their colours.
        column: holds the class codes.
    """
    style = Element("qgis", version=_VERSION, styleCategories="Symbology")
    renderer = SubElement(
        style,
        "renderer-v2",
        type="categorizedSymbol",
        attr=column,
        symbollevels="0",
        enableorderby="0",
        forceraster="0",
    )
    categories, symbols = SubElement(renderer, "categories"), SubElement(renderer, "symbols")
    drawn = [(str(crop.code), crop.name, crop.colour) for crop in classes]
    for number, (value, label, colour) in enumerate([*drawn, ("", "no prediction", _NO_PREDICTION)]):
        SubElement(
            categories,
            "category",
            type="integer" if value else "string",
            value=value,
            label=label,
            symbol=str(number),
            render="true",
        )
        _add_fill(symbols, number, colour)
    indent(style)
    doctype = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return doctype + tostring(style, encoding="unicode") + "\n"


def _add_fill(symbols: Element, number: int, colour: str) -> None:
    symbol = SubElement(symbols, "symbol", type="fill", name=str(number), alpha="1", clip_to_extent="1")
    layer = SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"})
    options = SubElement(layer, "Option", type="Map")
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    for name, value in {
        "color": f"{red},{green},{blue},255",
        "style": "solid",
        "outline_color": "60,60,60,255",
        "outline_style": "solid",
        "outline_width": "0.1",
        "outline_width_unit": "MM",
    }.items():
        SubElement(options, "Option", type="QString", name=name, value=value)
