"""The README stays true: its state diagrams are the tables, its links and settings exist."""

import re
from pathlib import Path

import pytest

from app.settings import Settings
from routing.diagrams import diagrams

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("title", list(diagrams()))
def test_a_diagram_is_drawn_from_its_table(title: str) -> None:
    assert f"### {title}\n\n```mermaid\n{diagrams()[title]}\n```" in README, (
        "print the diagrams with `python -m routing.diagrams` and paste them into the README"
    )


def test_every_setting_is_explained() -> None:
    missing = [f"HOTLINE_{name.upper()}" for name in Settings.model_fields if f"HOTLINE_{name.upper()}" not in README]
    assert not missing


def test_links_into_the_tree_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert targets
    assert [t for t in targets if not (ROOT / t).exists()] == []
