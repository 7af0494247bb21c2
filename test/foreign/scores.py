"""The service of the test beside this file, in Python: one method for each thing that can happen to a call."""
import os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../examples/polyglot"))
from skein import Problem, serve


def score(value, call):
    book = call.ask("books", "byId", {"id": value["id"]})
    if book["pages"] == 0:
        raise Problem("UNSCORABLE", 409, {"id": value["id"], "since": book["added"]})
    return {"id": book["id"], "score": book["pages"] / 10, "added": book["added"], "total": str(2**70)}


def who(value, call):
    return {"here": call.caller, "there": call.ask("books", "who"), "leftMs": call.remaining() * 1000}


def boom(value, call):
    raise ValueError("password=hunter2")


def hang(value, call):
    print("hanging", flush=True)
    while not call.cancelled():
        time.sleep(0.01)
    print("cancelled", flush=True)


def late(value, call):
    time.sleep(call.remaining() + 0.05)
    return call.ask("books", "who")


def trend(value, call):
    for n in range(value["to"]):
        yield {"n": n, "at": "2026-01-02T03:04:05.000Z"}
    if value.get("fails"):
        raise Problem("UNSCORABLE", 409, {"id": "x", "since": "2026-01-02T03:04:05.000Z"})


def ask(value, call):
    """Whatever it is told to: what is refused is the answer."""
    try:
        return {"reply": str(call.ask(value["service"], value["method"], {"id": "b1"}))}
    except Problem as problem:
        return {"code": problem.body["code"], "status": problem.status}


def through(value, call):
    return call.ask("books", "round")


serve("scores", {f.__name__: f for f in (score, who, boom, hang, late, trend, ask, through)}, int(os.environ["PORT"]))
