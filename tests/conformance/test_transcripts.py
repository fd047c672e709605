"""Plays every transcript of this folder to a running server, one test each."""
import os
import re

import pytest
import transcript

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = transcript.read_folder(HERE)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[one.name for one in SCENARIOS])
def test_transcript(shared_server, scenario):
    transcript.Player(shared_server).play(scenario)


def test_scenarios_have_rules_and_names_of_their_own():
    names = [one.name for one in SCENARIOS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"S\d\d", one.rule) for one in SCENARIOS)
