"""Published files: the conventions and the schema, for readers in other languages."""

from __future__ import annotations

import json

import yaml

from ceconform.authoring.published import conventions_text, schema_text
from ceconform.conventions import CONVENTIONS
from ceconform.corpus.schema import schema
from ceconform.libraries import LIBRARIES


def test_every_convention_is_published_with_its_data_and_its_followers():
    """What the file says is what the code says."""
    published = yaml.load(conventions_text(), Loader=yaml.BaseLoader)  # noqa: S506 - it makes text only
    assert list(CONVENTIONS) == list(published["conventions"])
    for name, rule in CONVENTIONS.items():
        entry = published["conventions"][name]
        assert (rule.summary, rule.formula, rule.link) == (entry["summary"], entry["formula"], entry["link"])
        assert list(rule.losses) == entry["losses"]
        assert (rule.clip_low, rule.floor_log, rule.add) == tuple(
            entry.get(k) for k in ("clip_low", "floor_log", "add")
        )
        followers = {
            library: [loss for loss, names in losses.items() if name in names] for library, losses in LIBRARIES.items()
        }
        assert {library: losses for library, losses in followers.items() if losses} == entry.get("followed_by", {})
    assert {k: {loss: list(n) for loss, n in v.items()} for k, v in LIBRARIES.items()} == published["libraries"]


def test_the_schema_is_published_as_json():
    """The text is the schema."""
    assert schema() == json.loads(schema_text())
