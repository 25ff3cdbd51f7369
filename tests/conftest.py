"""What all tests share."""

from __future__ import annotations

import gc
import os
import re

import pytest
from hypothesis import settings
from required import REQUIRED

# As the program itself does: its threads compete with those that are tested, and keep a process from being copied.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shared machine can be slow at any moment; a law that holds slowly still holds. The examples are the same in every
# run, so that a change is judged by what it changed; IMGCONV_TEST_RANDOM=1 looks for new and for more ones.
RANDOM = bool(os.environ.get("IMGCONV_TEST_RANDOM"))
settings.register_profile("imgconv", deadline=None, derandomize=not RANDOM, max_examples=200 if RANDOM else 60)
settings.load_profile("imgconv")

# What may be skipped even where everything has to be there.
SKIPPED_ALL_THE_SAME = (
    "JPEG holds neither|one channel has no planes|a TIFF file may be filtered some rows at a time",  # are no cases
    "permissions do not bind root|only root can mount|may be mounted here|can be mounted here|mounting is not allowed",
    "has this signal ignored|run with Ctrl-C ignored",  # both are up to whoever runs the tests
)


def _unless_required(report):
    """Let what is skipped for want of something fail, where IMGCONV_REQUIRE_ALL says that all of it is there."""
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        file, line, reason = report.longrepr
        if not re.search("|".join(SKIPPED_ALL_THE_SAME), reason):
            report.outcome = "failed"
            report.longrepr = f"{file}:{line}: {reason} (IMGCONV_REQUIRE_ALL lets nothing be skipped)"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    return _unless_required((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report():
    return _unless_required((yield))


gc.disable()  # until the tests are collected, which makes much and throws little away


def pytest_collection_finish():
    """Keep the thousands of tests out of what is looked through for garbage, and out of what a fork has to copy."""
    gc.enable()
    gc.collect()
    gc.freeze()
