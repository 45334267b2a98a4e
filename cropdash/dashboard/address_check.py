"""What an address names and nobody has: a region, a class or a cell of classes that is nowhere.

Whether an address can be read at all is the matter of :mod:`cropdash.dashboard.state`.
"""

from __future__ import annotations

from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench


def leave_out_unknown(choices: Choices, workbench: Workbench) -> list[str]:
    """Take back the region, the class and the cell that neither the data set nor a result has.

    Returns:
        A sentence for each that was taken back.
    """
    results = workbench.results(choices.dataset)
    entry = workbench.datasets().get(choices.dataset)
    info = entry.info if entry else None
    regions = {*workbench.test_regions(results), *(info.regions if info else ())}
    codes = {crop.code for result in results for crop in result.classes}
    codes |= set(info.nomenclature.by_code if info else ())
    unknown = {}
    if choices.region and choices.region not in regions:
        unknown["region"] = f"region “{choices.region[:60]}”"
    if choices.crop is not None and choices.crop not in codes:
        unknown["crop"] = f"class “{choices.crop}”"
    elif choices.cell is not None and choices.cell[1] not in codes:
        unknown["cell"] = f"class “{choices.cell[1]}”"
    choices.clear(*unknown)
    return [
        f"The address names the {what}, which neither the data set nor a run has; it was left out."
        for what in unknown.values()
    ]
