"""A plugin of pytest (-p against): before each plan and apply of a test, the plan is made at the
home and against the exported state, with the homes out of the way. Both must say the same, byte by
byte. test_state.py uses it."""
import os
import pathlib

import mesh
import mesh_support

NOT_OF_PLAN = {"--yes", "-y", "--no-run", "--no-wait", "--json", "--markdown", "--exit-code"}


class Away:
    """Every home of the checkout, moved away and back."""

    def __init__(self, folder, env):
        named = [pathlib.Path(env["WEFT_HOME"])] if env.get("WEFT_HOME") else []
        homes = {home for home in [folder / ".weft", *named, *folder.glob("home*")]
                 if home.is_dir()}
        self.homes = sorted(homes, key=lambda home: -len(home.parts))  # one may lie in another

    def __enter__(self):
        for home in self.homes:
            home.rename(home.with_name(home.name + ".away"))

    def __exit__(self, *_):
        for home in reversed(self.homes):
            home.with_name(home.name + ".away").rename(home)


def asked_plan(words):
    """The plan that a plan or an apply makes, and its --env and --home."""
    plan, place = ["plan"], []
    for before, word in zip(words, words[1:]):
        if before in ("--env", "--home"):
            place += [before, word]
        if word not in NOT_OF_PLAN | {"--out"} and before != "--out":
            plan.append(word)
    return plan, place


def compare(run, folder, words, env, more):
    plan, place = asked_plan(words)
    state = folder / "state.away.json"
    env = {name: value for name, value in (env or {}).items() if not name.startswith("WEFT_FAULT")}
    how = {"status": None, "env": env, **more}
    text = run("state", "export", *place, "--out", state, **how)
    assert text.returncode == 0, text.stderr
    said = []
    for form in ("--json", "--markdown"):
        here = run(*plan, form, "--exit-code", **how)
        with Away(folder, env):
            there = run(*plan, form, "--exit-code", "--against", state, **how)
        said.append(here.returncode)
        assert (here.returncode, here.stdout, here.stderr) == \
            (there.returncode, there.stdout, there.stderr), (plan, here, there)
    state.unlink()
    with open(os.environ["AGAINST_COUNT"], "a", encoding="utf-8") as count:
        count.write(f"{said} {plan}\n")


def twice(cls, name, folder):
    run = getattr(cls, name)

    def both(self, *words, **more):
        words = [str(word) for word in words]
        if words[0] in ("plan", "apply") and "--plan" not in words and "cwd" not in more:
            quiet = {k: v for k, v in more.items() if k not in ("input", "stdin", "status", "env")}
            compare(lambda *w, **m: run(self, *w, **m), getattr(self, folder), words,
                    more.get("env"), quiet)
        return run(self, *words, **more)
    setattr(cls, name, both)


twice(mesh_support.Mesh, "__call__", "folder")
twice(mesh.Mesh, "weft", "root")
