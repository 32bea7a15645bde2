"""What a cell reads, assigns and deletes, from its text."""

import builtins

import pytest

from npusdk.cell import analyze

CASES = {  # what is read, and what is assigned
    "y = x + 1; print(y, z)": ("x z", "y"),
    "x += 1": ("x", "x"),
    "x: int = y": ("y", "x"),
    "x: int": ("", ""),
    "x[0] = y; a.b = c": ("x y a c", ""),
    "del x": ("", "x"),
    "x = 1; del x; print(x)": ("x", "x"),
    "(a, *b), c.d = e": ("c e", "a b"),
    "a = b = c": ("c", "a b"),
    "a = a": ("a", "a"),
    "if (n := len(x)) > 2: y = n": ("x", "n y"),
    "[u + v for u in w if (k := u)]": ("v w", "k"),
    "{i: j for i in a for j in b(i)}": ("a b", ""),
    "[x for x in x]": ("x", ""),
    "f = lambda a, b=c: a + b + d": ("c d", "f"),
    "def f(a, b=c, *, d: T = e) -> R:\n    local = a + g\n    return f(local)": ("c T e R g", "f"),
    "def f():\n    global n\n    n += 1\nf()": ("n", "f n"),
    "def outer():\n    v = 1\n    def inner():\n        nonlocal v\n        v += w\n    return inner": ("w", "outer"),
    "@deco(arg)\nclass A(B, metaclass=M):\n    v = v\n    def m(self): return v, u, __class__": (
        "deco arg B M v u",
        "A",
    ),
    "class A:\n    def m(self): return A()": ("A", "A"),
    "import a.b, c as d\nfrom e import f as g, h": ("", "a d g h"),
    "if c: x = 1\nelse: x = 2\nprint(x)": ("c", "x"),
    "if c: x = 1\nprint(x)": ("c x", "x"),
    "if c: x = 1\nelse: raise E\nprint(x)": ("c E", "x"),
    "for i in r: t = i\nprint(t, i)": ("r t i", "i t"),
    "while c: t = 1\nprint(t)": ("c t", "t"),
    "with a as b: c = b\nprint(b, c)": ("a c", "b c"),
    "with np.errstate(all='ignore'): c = 1\nprint(c)": ("np", "c"),
    "try: a = 1\nexcept E as e: a = e\nprint(a)": ("E", "a e"),
    "try: a = 1\nexcept E as e: pass\nprint(a, e)": ("E a e", "a e"),
    "try: e = 1\nexcept E as e: pass\nprint(e)": ("E e", "e"),
    "try: a = f()\nfinally: b = 1\nprint(a, b)": ("f", "a b"),
    "match p:\n    case [a, *b]: pass\n    case {'k': v, **r}: pass\n    case C(x=y) if y > z: pass\nprint(a)": (
        "p C z a",
        "a b v r y",
    ),
    "match p:\n    case 1: a = 1\n    case _: a = 2\nprint(a)": ("p", "a"),
    "x and (y := z)\nprint(y)": ("x z y", "y"),
    "f'{a!r:>{w}} {b=}'": ("a w b", ""),
    "def f(): return later\nlater = 1": ("later", "f later"),
    "later = 1\ndef f(): return later": ("", "later f"),
    "async def f(): return await g()": ("g", "f"),
    "assert a, b; raise c from d": ("a b c d", ""),
    "print(*a, **b)": ("a b", ""),
    "y = eval('a + b', {'c': d}) + exec(e) + o.eval('f') + eval(f'{g}') + eval('1 +')": ("a b d e o g", "y"),
    "": ("", ""),
}


@pytest.mark.parametrize("source", CASES)
def test_analyze_names_what_a_cell_reads_and_assigns(source):
    """A name is read if it is used before it is surely assigned; what binds a name assigns it."""
    names = analyze(source)
    reads, writes = CASES[source]
    assert {name for name in names.reads if not hasattr(builtins, name)} == set(reads.split())
    assert set(names.writes) == set(writes.split())


def test_analyze_tells_a_name_that_is_only_deleted():
    """A name that the cell deletes and does not read need not travel."""
    assert analyze("del a, b[0]\nc = 1\ndel c").deletes == ("a",)


def test_analyze_reads_a_sum_as_long_as_python_compiles():
    """A sum of many terms is deep to a parser, and one line to whoever wrote it."""
    assert analyze(" + ".join(["a"] * 600) + " + b").reads == ("a", "b")
