"""Exercises that check an answer: those of a topic by their names, and any other by a function of its own."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"catalogue": ["EXERCISES", "Exercise", "check_answer"], "verdicts": ["check"]},
)
