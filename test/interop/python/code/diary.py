# Who wants to know what was done, and how often, names a file in the variable DIARY.
import os


def note(line: str) -> None:
    if "DIARY" in os.environ:
        with open(os.environ["DIARY"], "a") as diary:
            print(line, file=diary)
