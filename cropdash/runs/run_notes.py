"""What people keep with a run: tags and a note, in a small file of the run's folder.

It travels with the folder and its zip. It is no part of the experiment: neither the run's id nor any of
its figures depends on it, and a run whose notes cannot be read is still a sound run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from cropdash.atomic import write_json
from cropdash.json_file import read_json

NOTES = "notes.json"
LONGEST_TAG = 40
MOST_TAGS = 20
LONGEST_NOTE = 10_000

Tag = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TAG, pattern=r"^[^\s,](?:[^,\n]*[^\s,])?$")
]


class RunNotes(BaseModel):
    """The content of ``notes.json``.

    Attributes:
        tags: short words without a comma, each once.
        note: free text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tags: tuple[Tag, ...] = Field((), max_length=MOST_TAGS)
    note: str = Field("", max_length=LONGEST_NOTE)

    @field_validator("tags")
    @classmethod
    def _each_once(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tags))

    @classmethod
    def typed(cls, tags: str, note: str) -> RunNotes:
        """From what a person types: tags with commas between them.

        Raises:
            ValueError: a tag or the note is too long, or there are too many tags; the message says how
                much is allowed.
        """
        words = [" ".join(tag.split()) for tag in tags.split(",")]
        words = list(dict.fromkeys(word for word in words if word))
        if len(words) > MOST_TAGS:
            raise ValueError(f"{len(words)} tags are too many: a run has {MOST_TAGS} at most")
        if long := next((word for word in words if len(word) > LONGEST_TAG), None):
            raise ValueError(f"the tag “{long[:LONGEST_TAG]}…” is too long: {LONGEST_TAG} letters at most")
        note = note.strip()
        if len(note) > LONGEST_NOTE:
            raise ValueError(f"the note has {len(note):,} letters: {LONGEST_NOTE:,} at most")
        return cls(tags=tuple(words), note=note)


def read_notes(folder: str | Path) -> RunNotes:
    """The notes in a run's folder; empty ones where there is no file.

    Raises:
        ValueError: the file is malformed; the message names file and field.
    """
    path = Path(folder) / NOTES
    try:
        content = read_json(path)
    except FileNotFoundError:
        return RunNotes()
    try:
        return RunNotes.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise ValueError(f"{path}: {field}: {first['msg']}") from None


def write_notes(folder: str | Path, notes: RunNotes) -> None:
    """Keep these notes in place of those before; empty ones leave no file.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not there any more")
    if notes == RunNotes():
        (folder / NOTES).unlink(missing_ok=True)
    else:
        write_json(folder / NOTES, notes.model_dump(mode="json"))
