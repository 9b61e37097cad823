# python session.py FILE: runs the functions of FILE.py beside this, one for each line of JSON that comes, and answers in lines
# of JSON. What the functions and the SDK print goes to stderr. It ends with its input.
import importlib
import json
import os
import sys

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def error_of(error: BaseException) -> dict:
    code = getattr(error, "code", None)
    code = getattr(code, "value", code)
    found = {"type": type(error).__name__, "message": str(error)}
    return {**found, "code": code} if isinstance(code, str) else found


functions = importlib.import_module(sys.argv[1])
# Tasks are looked for where a user would be.
sys.path.insert(0, os.getcwd())
for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"value": getattr(functions, asked["call"])(**asked["given"])}
        text = json.dumps(answer)
    except Exception as error:
        text = json.dumps({"error": error_of(error)})
    print(text, file=answers, flush=True)
