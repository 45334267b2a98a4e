"""WorldCereal's crop codes (``ewoc_code``, ten digits) and the classes that its mappings make of them.

A mapping file is an object of mappings, each an object of class names by code, as WorldCereal publishes it
in ``src/worldcereal/data/croptype_mappings/class_mappings.json``; that file ships with cropdash.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cropdash.json_file import read_json
from cropdash.nomenclature import Nomenclature
from cropdash.packaged import packaged_file
from cropdash.readers.class_lists import class_list, readable

#: WorldCereal's own crop types in most detail.
DEFAULT_CLASSES = "CROPTYPE28"
#: What a mapping calls codes that are not to be learnt.
_IGNORED = "ignore"


@dataclass(frozen=True)
class WorldCerealClasses:
    """The classes of one mapping.

    Attributes:
        name: the mapping's name, such as ``CROPTYPE28``.
        codes: class code by ewoc code; without those that the mapping ignores. Class codes count the
            mapping's names in alphabetical order from 1, so they do not depend on the data.
        names: class name by class code.
    """

    name: str
    codes: dict[int, int]
    names: dict[int, str]

    @classmethod
    def read(cls, path: str | Path | None = None, name: str = DEFAULT_CLASSES) -> WorldCerealClasses:
        """Read a mapping from a mapping file, the one that ships with cropdash if ``path`` is None.

        Raises:
            FileNotFoundError: no such file.
            ValueError: not such a file, or without that mapping.
        """
        path = packaged_file("nomenclatures/worldcereal_class_mappings.json") if path is None else Path(path)
        content = read_json(path)
        if not isinstance(content, dict) or not all(isinstance(part, dict) for part in content.values()):
            raise ValueError(
                f'{path}: must be an object of mappings like {{"CROPTYPE28": {{"<code>": "maize"}}}}'
            )
        if name not in content:
            raise ValueError(f"{path}: has no mapping {name!r}; it has {', '.join(content)}")
        mapping = content[name]
        for code, words in mapping.items():
            if not (code.isascii() and code.isdigit()) or not isinstance(words, str) or not words.strip():
                raise ValueError(
                    f"{path}: {name}: {code!r} must be a code of digits with a class name, not {words!r}"
                )
        used = sorted(set(mapping.values()) - {_IGNORED})
        number = {words: i for i, words in enumerate(used, start=1)}
        return cls(
            name=name,
            codes={int(code): number[words] for code, words in mapping.items() if words != _IGNORED},
            names={i: readable(words) for words, i in number.items()},
        )

    def nomenclature(self, ewoc_codes: Collection[int]) -> Nomenclature:
        """The mapping's classes, then the ewoc codes of the data, named by the class that they belong to."""
        names = dict(self.names)
        for code in sorted(ewoc_codes):
            belongs = self.codes.get(code)
            names[code] = f"ewoc {code}" + (f" ({self.names[belongs]})" if belongs is not None else "")
        return class_list(
            names,
            name=f"worldcereal_{self.name.lower()}",
            title=f"WorldCereal {self.name}",
            source="ESA WorldCereal, worldcereal-classification, class_mappings.json (MIT)",
        )
