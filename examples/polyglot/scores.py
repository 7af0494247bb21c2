"""Scores of books, in Python: `PORT=4200 SKEIN_URL=http://127.0.0.1:4100 SKEIN_TOKEN=... python3 scores.py`."""
import os

from skein import Problem, serve


def score(value, call):
    book = call.ask("books", "byId", {"id": value["id"]})
    if book["pages"] < 10:
        raise Problem("TOO_SHORT", 409, {"pages": book["pages"]})
    return {"id": book["id"], "title": book["title"], "score": book["pages"] / 100, "since": book["added"]}


def watch(value, call):
    pages = call.ask("books", "byId", {"id": value["id"]})["pages"]
    for n in range(3):
        yield {"round": n, "score": pages / (n + 1)}


if __name__ == "__main__":
    serve("scores", {"score": score, "watch": watch}, int(os.environ["PORT"]))
