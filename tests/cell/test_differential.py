# ruff: noqa: E501 - a program in a line is easier to compare than one in ten
"""Cells as people write them, run once plainly and once captured, replayed and applied."""

import contextlib
import io

import pytest

from npusdk.errors import SerializationError
from tests.cell.hosts import notebook, run_cell, run_plain
from tests.cell.same import differences

PROGRAMS = {
    # name: (what the notebook ran before, the cell)
    "assignment": ("x = np.arange(6.0)", "y = x + 1; z = y * x"),
    "shadowing a builtin": ("sum = 3", "total = sum + 1"),
    "shadowing in a function": ("x = 5", "def f():\n    x = 1\n    return x\ny = f() + x"),
    "rebinding": ("x = np.arange(3)", "x = x * 2\nx = x + 1"),
    "closure": ("def maker(k):\n    def inner(v):\n        return v * k\n    return inner\ndouble = maker(2)", "y = double(21)"),
    "closure from the cell": ("base = 10", "def maker(k):\n    return lambda v: v + k + base\nadd = maker(1)\nz = add(5)"),
    "counter closure": (
        "def counter():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up\nup = counter()\nup()",
        "a = up(); b = up()",
    ),
    "shared closure": (
        "def pair():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n    def get():\n        return n\n    return up, get\nup, get = pair()",
        "up(); up(); v = get()",
    ),
    "comprehensions": ("xs = [1, 2, 3]; k = 2", "a = [v * k for v in xs]; b = {v: k for v in xs}; c = {v % 2 for v in xs}"),
    "nested comprehension": ("m = [[1, 2], [3, 4]]", "t = [[row[i] for row in m] for i in range(2)]; f = [v for r in m for v in r]"),
    "comprehension scope": ("i = 7", "s = [i for i in range(3)]\nj = i"),
    "generator inside": ("n = 5", "def gen(k):\n    for i in range(k):\n        yield i * i\ntotal = sum(gen(n)); first = next(gen(3))"),
    "generator expression": ("xs = [3, 1, 2]", "m = max(v * 2 for v in xs); ok = all(v > 0 for v in xs)"),
    "in place": ("x = np.zeros(5); alias = x", "x[1:3] = 4\nx += 1\nx.sort()"),
    "in place through a view": ("x = np.arange(12.0).reshape(3, 4); row = x[1]", "row[:] = 0\ns = x.sum()"),
    "in place through the base": ("x = np.arange(12.0).reshape(3, 4); col = x[:, 2]; t = x.T", "x[0, 2] = 99\na = col.sum() + t[2, 0]"),
    "interleaved views": ("x = np.arange(10); a = x[::2]; b = x[1::2]", "a[:] = -1\nb += 1"),
    "reversed view": ("x = np.arange(5.0); r = x[::-1]", "r[0] = 50\ny = x[-1]"),
    "out argument": ("x = np.ones(3); y = np.zeros(3)", "np.add(x, x, out=y)\nnp.multiply(y, 3, y)"),
    "new view of the notebook's": ("x = np.arange(6)", "h = x[:3]\nh2 = h * 1"),
    "slices": ("x = np.arange(10); s = slice(2, 8, 2)", "y = x[s]; z = x[::-1][:3]; w = x[[1, 2]]; m = x[x > 4]"),
    "ellipsis and newaxis": ("x = np.arange(8).reshape(2, 2, 2); e = Ellipsis", "y = x[e, 0]; z = x[..., np.newaxis].shape"),
    "functions over cells": ("k = 3\ndef f(v): return g(v) + k\ndef g(v): return v * 2", "y = f(4)\nk = 10\nz = f(4)"),
    "recursion": ("def fact(n): return 1 if n < 2 else n * fact(n - 1)", "y = fact(10)\ndef fib(n): return n if n < 2 else fib(n-1) + fib(n-2)\nz = fib(12)"),
    "mutual recursion": ("def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)", "a = even(10), odd(7)"),
    "class": (
        "class Layer:\n    count = 0\n    def __init__(self, w):\n        self.w = w\n        Layer.count += 1\n    def __call__(self, x):\n        return self.w @ x\nl = Layer(np.eye(2) * 3)",
        "y = l(np.ones(2)); m = Layer(y); n = Layer.count",
    ),
    "class defined": ("b = 2", "class P:\n    k = b\n    def go(self): return self.k + b\n    @staticmethod\n    def s(): return 1\n    @property\n    def p(self): return 5\np = P(); v = p.go() + P.s() + p.p"),
    "inheritance": (
        "class A:\n    def hi(self): return 'A'\nclass B(A):\n    def hi(self): return super().hi() + 'B'\nb = B()",
        "class C(B):\n    def hi(self): return super().hi() + 'C'\nr = C().hi() + b.hi(); ok = isinstance(b, A)",
    ),
    "class rebinding its name": ("class N:\n    v = 1\nclass N(N):\n    w = 2\nn = N()", "r = n.v + n.w; m = N()"),
    "instance mutated": ("class S:\n    pass\ns = S(); s.v = [1]; t = s", "s.v.append(2); s.new = 'n'; del_me = s.v"),
    "cyclic instances": ("class T:\n    def __init__(self, up=None):\n        self.up, self.down = up, []\n        if up: up.down.append(self)\nroot = T(); leaf = T(root)", "leaf2 = T(root); n = len(root.down); same = leaf.up is root"),
    "slots": ("class S:\n    __slots__ = ('a', 'b')\n    def __init__(self): self.a = 1\ns = S()", "s.a += 1; s.b = [3]; v = s.a"),
    "dataclass": (
        "from dataclasses import dataclass, field\n@dataclass\nclass P:\n    x: int\n    y: float = 2.0\n    tags: list = field(default_factory=list)\np = P(1)",
        "q = P(3, tags=['a']); p.x += 1; e = p == P(2); r = repr(q); p.tags.append(1)",
    ),
    "frozen dataclass": (
        "from dataclasses import dataclass, replace\n@dataclass(frozen=True, order=True)\nclass P:\n    x: int\np = P(1); d = {p: 'one'}",
        "q = replace(p, x=2); lo = min(p, q).x; v = d[P(1)]; h = {p, q, P(1)}; n = len(h)\ntry:\n    p.x = 9\nexcept AttributeError as err:\n    msg = str(err)",
    ),
    "dataclass defined": ("n = 4", "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = n\nc = C(); t = c.a"),
    "enum": ("import enum\nclass Mode(enum.Enum):\n    A = 1\n    B = 'two'\n    def twice(self): return self.value * 2\nm = Mode.A", "k = m is Mode.A; n = Mode('two'); v = m.twice(); d = {Mode.A: 1}"),
    "namedtuple": ("from collections import namedtuple\nP = namedtuple('P', 'x y', defaults=[5])\np = P(1)", "q = p._replace(x=3); s = p.y + q.x; r = repr(q)"),
    "typed namedtuple": ("from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 2\n    def s(self): return self.x + self.y\np = P(1)", "v = p.s() + P(3).s()"),
    "abstract class": ("import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self): return 1\nb = B()", "r = b.f()\ntry:\n    A()\nexcept TypeError:\n    r += 1"),
    "metaclass": ("class M(type):\n    def __len__(cls): return 3\nclass A(metaclass=M): pass\na = A()", "n = len(A); t = type(type(a)).__name__"),
    "try except finally": ("log = []", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    log.append(str(e))\nelse:\n    log.append('no')\nfinally:\n    log.append('end')"),
    "own exception": ("class Bad(ValueError):\n    def __init__(self, m, code):\n        super().__init__(m)\n        self.code = code\nbad = Bad('x', 3)", "try:\n    raise Bad('y', 4)\nexcept Bad as e:\n    c = e.code; t = e.args\nd = bad.code"),
    "error kept": ("", "try:\n    {}['k']\nexcept KeyError as e:\n    kept = e\nn = kept.args"),
    "raise from": ("out = []", "try:\n    try:\n        int('x')\n    except ValueError as a:\n        raise RuntimeError('r') from a\nexcept RuntimeError as b:\n    out.append(type(b.__cause__).__name__)"),
    "augmented": ("n = 3; s = 'a'; l = [1]; m = l; d = {'k': 1}; x = np.arange(4)", "n += 2; s *= 3; l += [2]; d['k'] <<= 2; x[1:] -= 1; n //= 2"),
    "walrus": ("data = [1, 5, 9]", "if (n := len(data)) > 2:\n    big = n\nr = [y for v in data if (y := v * 2) > 5]\nwhile (data2 := data[:-1]) and len(data) > 9: pass"),
    "unpacking": ("t = (1, (2, 3), [4, 5, 6])", "a, (b, c), [d, *e] = t\nf, *_, g = range(6)\n(h := a)\nx = y = [0]\nm = {**{'a': 1}, 'b': 2}; l = [*t, *'xy']"),
    "swap": ("a = np.ones(2); b = np.zeros(2)", "a, b = b, a"),
    "global": ("count = 0\ndef bump():\n    global count\n    count += 1", "bump(); bump()\ndef setter():\n    global fresh\n    fresh = 'new'\nsetter()"),
    "globals function": ("a = 1", "b = a\nglobals()['c'] = 3\nn = 'a' in globals()"),
    "del": ("a = 1; b = [1, 2, 3]; c = open", "del a\ndel b[0]\nz = 1\ndel z, c"),
    "nested containers": ("cfg = {'net': [np.zeros(2), {'k': (1, [2])}], 's': {1, 2}}", "cfg['net'][0][1] = 5\ncfg['net'][1]['k'][1].append(3)\ncfg['s'].add(9)\ncfg['new'] = {}"),
    "aliases": ("a = [1]; b = a; c = {'a': a}; x = np.zeros(2); l = [x, x]", "a.append(2); y = x; l[0][0] = 1; d = c; a2 = c['a']; z = y"),
    "self-reference": ("l = [1]; l.append(l); d = {}; d['d'] = d", "l.append(2); ok = l[1] is l; d['n'] = 1"),
    "swapped items": ("l = [[1], [2], [3]]; first = l[0]", "l.reverse(); l[0].append(0)"),
    "removed items": ("l = [[1], [2]]; keep = l[0]", "x = l.pop(0); x.append(5); l.clear()"),
    "decorator": (
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def w(*a, **k):\n        w.calls += 1\n        return f(*a, **k) * 2\n    w.calls = 0\n    return w\n@twice\ndef g(x):\n    'doc'\n    return x + 1",
        "y = g(1) + g(2); n = g.calls; d = g.__doc__\n@twice\ndef h(x): return x\nz = h(4)",
    ),
    "cached": ("import functools\n@functools.lru_cache(maxsize=8)\ndef f(n): return n if n < 2 else f(n-1) + f(n-2)", "y = f(30)"),
    "context manager": ("from contextlib import contextmanager\nlog = []\n@contextmanager\ndef tag(n):\n    log.append(n)\n    yield n * 2\n    log.append('end')", "with tag('a') as v:\n    log.append(v)"),
    "single dispatch": ("import functools\n@functools.total_ordering\nclass V:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return self.n == o.n\n    def __lt__(self, o): return self.n < o.n\na = V(1)", "r = a >= V(0), a > V(2)"),
    "partial": ("from functools import partial\ndef p(a, b, c=0): return a + b * c\nq = partial(p, 1, c=3)", "y = q(2); r = partial(q, 5)()"),
    "lambda": ("f = lambda v, k=3: v * k; g, h = (lambda: 1), (lambda: 2)", "y = f(2) + g() * 10 + h(); k = sorted([3, 1, 2], key=lambda v: -v)"),
    "defaults": ("n = 1\ndef f(v, k=n, acc=[]):\n    acc.append(v + k)\n    return acc\nn = 50", "r = f(1); f(2); m = len(f(3))"),
    "keyword only": ("def f(a, /, b, *, c=4, **k): return a + b + c + sum(k.values())", "y = f(1, b=2) + f(1, 2, c=3, z=10)"),
    "bound method": ("class C:\n    def __init__(self): self.n = 1\n    def go(self): self.n += 1; return self.n\nc = C(); go = c.go; put = [].append", "go(); go(); v = c.n; put(3)"),
    "f-strings": ("name = 'rngd'; x = 1.23456", "s = f'{name!r:>8} {x:.2f} {x=:.1f} {[v for v in range(2)]}'\nprint(s)\nprint('%s' % name, '{0}'.format(x))"),
    "sorting": ("ps = [('b', 2), ('a', 3)]; import operator", "s = sorted(ps, key=lambda p: p[1]); ps.sort(key=operator.itemgetter(0)); m = max(ps)"),
    "zip and enumerate": ("a = [1, 2]; b = 'xy'", "for i, (u, v) in enumerate(zip(a, b)):\n    print(i, u, v)\nd = dict(zip(b, a))"),
    "loop variables": ("x = np.arange(6).reshape(3, 2)", "for i, row in enumerate(x):\n    t = row.sum()\nelse:\n    done = True"),
    "while": ("n = 27", "steps = 0\nwhile n != 1:\n    n = n // 2 if n % 2 == 0 else 3 * n + 1\n    steps += 1\n    if steps > 500: break\nelse:\n    ended = 1"),
    "match": ("shape = ('conv', {'k': 3, 's': 1}, [1, 2, 3])", "match shape:\n    case ('conv', {'k': k, **rest}, [first, *others]) if k > 2:\n        r = k + first\n    case _:\n        r = None"),
    "imports": ("import math\nfrom math import sqrt", "import os.path as p, json\nfrom math import pi as PI\nfrom collections import *\na = sqrt(math.floor(4.5)); b = p.join('a', 'b'); c = json.dumps({'a': 1})\nd = Counter('aab')"),
    "numpy imports": ("", "import numpy as np2, numpy.linalg\nfrom numpy import zeros, float32\nfrom numpy.linalg import norm\nimport numpy.linalg as la\na = zeros(2) + np2.ones(2); n = norm(a) + la.norm(a) + numpy.linalg.norm(a)"),
    "numpy names": ("from numpy import exp, zeros\nimport numpy.linalg as la; dt = np.float32; d2 = np.dtype('i4')", "y = exp(zeros(2)); z = la.norm(y); w = np.ones(2, dtype=dt).astype(d2)"),
    "standard library": ("import datetime as dt, decimal, pathlib, fractions, re\nday = dt.date(2024, 2, 29); w = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc); d = decimal.Decimal('1.10'); p = pathlib.Path('a/b'); f = fractions.Fraction(1, 3); r = re.compile('a+', re.I)", "later = day + dt.timedelta(days=1); y = w.year; e = d * 2; q = p / 'c'; g = f + 1; m = bool(r.match('AA')); t = dt.time(3, 4)"),
    "collections": ("from collections import *\ndd = defaultdict(list); dq = deque([1, 2], maxlen=3); c = Counter('ab'); od = OrderedDict(b=1, a=2); dd['k'].append(1)", "dd['z'].append(2); dq.append(3); dq.append(4); c.update('a'); od.move_to_end('b'); ba = bytearray(b'ab'); ba[0] = 99"),
    "scalars": ("f = np.float32(1.5); i = np.int8(3); b = np.bool_(True); z = 2 + 3j; by = b'x'; n = None; big = 10 ** 40; inf = float('inf')", "g = f * i; h = z * 2; k = not b; m = by + b'y'; nn = n is None; bb = big + 1; li = [inf, f]"),
    "zero dimensions": ("a = np.array(3.0); b = a", "c = a + 1; a[()] = 9"),
    "orders": ("a = np.asfortranarray(np.arange(6.0).reshape(2, 3)); b = np.arange(20)[::3]; e = np.zeros((0, 3)); t = np.arange(3, dtype='>i4')", "c = a @ a.T; b[1] = 0; d = e.shape; t[1] = 70000"),
    "text arrays": ("s = np.array(['a', 'bc']); d = np.array(['2024-01-01'], dtype='datetime64[D]'); o = np.array([1, 'x', [2]], dtype=object)", "s[0] = 'zz'; n = d + 1; o[2].append(3); o[0] = None; u = [len(v) for v in s]"),
    "generator of numpy": ("rng = np.random.default_rng(3); rs = np.random.RandomState(4)", "a = rng.normal(size=3); b = rng.integers(0, 9, 4); c = rs.rand(2)"),
    "namespace": ("from types import SimpleNamespace\ncfg = SimpleNamespace(lr=0.1, layers=[1])", "cfg.lr /= 2; cfg.layers.append(2); c2 = SimpleNamespace(a=1)"),
    "kind of list": ("class Stack(list):\n    def push(self, v): self.append(v); return self\nclass Conf(dict): pass\ns = Stack([1]); c = Conf(a=1); c.note = 'n'", "s.push(2); c['b'] = s; n = len(s)"),
    "property and classmethod": ("class T:\n    _n = 1\n    @property\n    def n(self): return self._n\n    @n.setter\n    def n(self, v): self._n = v\n    @classmethod\n    def make(cls, v):\n        t = cls(); t.n = v\n        return t\nt = T()", "t.n = 5; u = T.make(8); r = u.n + t.n"),
    "operators of a class": ("class V:\n    def __init__(self, a): self.a = a\n    def __add__(self, o): return V(self.a + o.a)\n    def __eq__(self, o): return self.a == o.a\n    def __hash__(self): return hash(self.a)\nu = V(1); d = {u: 2}", "w = u + V(2); k = d[V(1)]; d[w] = 3; q = V(3) in d"),
    "class with cached property": ("from functools import cached_property\nclass C:\n    @cached_property\n    def big(self): print('once'); return [1]\nc = C()", "c.big.append(2); v = c.big"),
    "training loop": ("rng = np.random.default_rng(0); X = rng.normal(size=(20, 3)); w_true = np.array([1., -2., 3.]); t = X @ w_true; w = np.zeros(3)", "losses = []\nfor epoch in range(5):\n    g = X.T @ (X @ w - t) / len(X)\n    w -= 0.1 * g\n    losses.append(float(((X @ w - t) ** 2).mean()))\nprint(f'{losses[-1]:.6f}')"),
    "softmax": ("def softmax(z):\n    e = np.exp(z - z.max(axis=-1, keepdims=True))\n    return e / e.sum(axis=-1, keepdims=True)\nlogits = np.arange(6.0).reshape(2, 3)", "p = softmax(logits); label = p.argmax(1)"),
    "early end": ("flag = True; x = 1", "if flag:\n    x = 2\nelse:\n    raise ValueError\nprint(x)"),
    "conditional definition": ("mode = 'a'", "if mode == 'a':\n    def f(): return 1\nelse:\n    f = None\ny = f()"),
    "suppressed": ("from contextlib import suppress\nx = 0", "with suppress(ZeroDivisionError):\n    x = 1 / 0\nprint(x)"),
    "annotated": ("n = 2", "a: int = n\nb: 'list[int]' = [a]\ndef f(v: int, *, w: float = 1.0) -> float:\n    return v * w\nc = f(a)"),
    "assert": ("x = np.ones(3)", "assert x.sum() == 3, 'three'\nassert isinstance(x, np.ndarray)"),
    "print as it goes": ("", "import sys\nprint('a', end='|')\nsys.stdout.write('b')\nprint(*range(3), sep='-')"),
    "future": ("", "from __future__ import annotations\ndef f(x: Missing) -> Unknown: return x\ny = f(1)"),
    "star arguments": ("def f(*a, **k): return len(a), sorted(k)\nargs = (1, 2); kw = {'b': 1}", "r = f(*args, *args, c=3, **kw)"),
    "string methods": ("words = 'the quick fox'.split()", "u = ' '.join(w.title() for w in words); n = {w: len(w) for w in words}"),
    "semicolon at the end": ("x = 2", "x + 1;"),
    "exec inside": ("n = 3", "exec('made = 5')\nv = eval('made + 1')"),
    "underscore": ("x = 1", "_hidden = (i for i in range(3))\n_kept = [1]\ny = x"),
    "class in a function": ("def make():\n    class Inner:\n        v = 3\n        def get(self): return self.v + __class__.v\n    return Inner\nI = make()", "i = I(); r = i.get(); J = make(); q = J().get()"),
    "generic fn": ("def apply(f, *xs): return [f(x) for x in xs]", "y = apply(lambda v: v + 1, 1, 2); z = apply(np.sum, np.ones(2))"),
    "np funcs stored": ("acts = {'relu': lambda v: np.maximum(v, 0), 'exp': np.exp, 'tanh': np.tanh}", "y = {k: f(np.array([-1., 1.])) for k, f in acts.items()}; g = np.exp; acts['sum'] = np.sum"),
    "dtype kinds": ("d = {'a': np.float64, 'b': np.dtype([('x', 'i4'), ('y', 'f8')])}; r = np.zeros(2, d['b'])", "r['x'][0] = 3; q = d['a'](3); e = np.float32; z = np.int64(3)"),
    "method decorator": ("import functools\ndef log(f):\n    @functools.wraps(f)\n    def w(self, *a): self.n += 1; return f(self, *a)\n    return w\nclass C:\n    n = 0\n    @log\n    def go(self, v): return v * 2\nc = C()", "y = c.go(3); m = c.n; cc = C().go(2)"),
    "lru_cache method": ("import functools\nclass C:\n    @functools.lru_cache(None)\n    def go(self, v): return v * 2\nc = C()", "y = c.go(3)"),
    "class decorator": ("def reg(cls): REG[cls.__name__] = cls; return cls\nREG = {}\n@reg\nclass A: pass", "@reg\nclass B(A): pass\nn = sorted(REG); b = REG['A']()"),
    "init_subclass": ("class P:\n    subs = []\n    def __init_subclass__(cls, tag='x', **k): super().__init_subclass__(**k); P.subs.append((cls, tag))\nclass A(P, tag='a'): pass", "class B(P, tag='b'): pass\nn = len(P.subs)"),
    "descriptor": ("class D:\n    def __set_name__(self, o, n): self.n = '_' + n\n    def __get__(self, i, o=None): return getattr(i, self.n, 5)\n    def __set__(self, i, v): setattr(i, self.n, v)\nclass A:\n    x = D()\na = A()", "a.x = 9; y = a.x; b = A().x"),
    "operator overloading iter": ("class It:\n    def __init__(s, n): s.n = n\n    def __iter__(s): return iter(range(s.n))\n    def __len__(s): return s.n\n    def __getitem__(s, i): return i\n    def __contains__(s, v): return v < s.n\nit = It(3)", "l = list(it); k = 2 in it; n = len(it)"),
    "context class": ("class T:\n    def __enter__(s): s.log = ['in']; return s\n    def __exit__(s, *e): s.log.append('out'); return True\nt = T()", "with t as u:\n    1/0\nz = t.log"),
    "coroutine-free gen": ("def gen():\n    x = yield 1\n    yield x * 2", "g = gen(); next(g); v = g.send(21); del g"),
    "nested defs": ("def a():\n    def b():\n        def c(): return k\n        return c\n    return b\nk = 3", "r = a()()(); f = a()"),
    "lambda default loop": ("fs = [lambda v, i=i: v + i for i in range(3)]", "r = [f(10) for f in fs]; gs = [lambda: i for i in range(2)]; s = [g() for g in gs]"),
    "two lambdas one line": ("a, b = lambda: 1, lambda: 2", "c, d = lambda: a() + 1, lambda: b() + 1\nr = c(), d()"),
    "star import math": ("from math import *", "y = floor(pi) + ceil(e)"),
    "enum flag": ("import enum\nclass F(enum.IntFlag):\n    A = enum.auto()\n    B = enum.auto()\nclass N(enum.IntEnum):\n    X = 1\n    Y = 2\n    Z = 2", "f = F.A | F.B; k = F.A in f; n = N.Y + 1; z = N.Z is N.Y; m = list(N)"),
    "strenum": ("import enum\nclass S(str, enum.Enum):\n    A = 'a'\n    B = 'b'\n    @classmethod\n    def first(cls): return cls.A", "s = S('b'); t = S.first() + 'x'; u = S.A == 'a'"),
    "dataclass inherit": ("from dataclasses import dataclass, field, KW_ONLY, asdict\nfrom typing import ClassVar, Optional\n@dataclass\nclass A:\n    x: int\n    n: ClassVar[int] = 0\n    def __post_init__(self): A.n += 1\n@dataclass\nclass B(A):\n    y: Optional[int] = None\n    z: list = field(default_factory=lambda: [1], repr=False)\nb = B(1)", "c = B(2, y=3); d = asdict(c); r = repr(c); e = A.n; q = b == B(1)\n@dataclass(order=True)\nclass K(A):\n    _: KW_ONLY\n    w: float = 0.5\nk = K(1, w=2)"),
    "dataclass arrays": ("from dataclasses import dataclass\n@dataclass\nclass Net:\n    w: np.ndarray\n    b: np.ndarray\n    def __call__(self, x): return np.maximum(self.w @ x + self.b, 0)\nnet = Net(np.eye(2), np.zeros(2))", "y = net(np.array([1., -1.])); net.b += 1; net2 = Net(net.w * 2, y)"),
    "typing alias": ("from typing import Callable, List, Dict, Union, Any\nV = Dict[str, List[int]]; U = Union[int, str]; T = list[int]; W = int | None", "a = V; f = lambda: T\ndef g(x: V, y: Any, cb: Callable[[int], str]) -> W: return 1\nh = g.__annotations__['return']"),
    "global del": ("tmp = 1\ndef rm():\n    global tmp\n    del tmp", "rm()"),
    "exception group": ("", "try:\n    raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\nexcept* ValueError as eg:\n    n = len(eg.exceptions)\nexcept* TypeError:\n    m = 1"),
    "cyclic fn attr": ("def f(): return f.me is f\nf.me = f", "r = f()"),
    "dict views": ("d = {'a': 1}", "ks = list(d.keys()); vs = sorted(d.values()); d |= {'b': 2}; d.setdefault('c', []).append(1); d.pop('a')"),
    "str subclass": ("class Tag(str):\n    def up(self): return self.upper()\nt = Tag('a'); t.extra = 1", "u = t.up(); w = Tag('z'); x = t + 'b'"),
    "int subclass": ("class K(int): pass\nk = K(5)", "m = k + 1; n = K(7)"),
    "tuple subclass": ("class P(tuple):\n    def __new__(cls, a, b): return super().__new__(cls, (a, b))\np = P(1, [2])", "p[1].append(3); q = P(4, 5)"),
    "counter arithmetic": ("from collections import Counter\nc = Counter('aab')", "d = c + Counter('b'); m = c.most_common(1)"),
    "set ops": ("s = {1, 2}; t = s", "s |= {3}; s.discard(1); u = s & {2}; f = frozenset(s)"),
    "chained compare": ("x = 5", "r = 1 < x < 10; a = b = c = x; a += 1"),
    "cond import": ("", "try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None"),
    "print to file": ("", "import io\nbuf = io.StringIO()\nprint('x', file=buf)\ns = buf.getvalue()\ndel buf"),
    "del in loop": ("items = {i: i for i in range(3)}", "for k in list(items):\n    if k % 2: del items[k]\ndel k"),
    "timer": ("import time", "t0 = time.perf_counter(); dt = time.perf_counter() - t0 >= 0; del t0"),
    "nonlocal in cell": ("", "def outer():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n        return n\n    return inc\ninc = outer(); inc(); v = inc()"),
    "property del": ("class A:\n    pass\na = A(); a.x = 1; a.y = 2", "del a.x; setattr(a, 'z', 3); h = hasattr(a, 'x')"),
    "class attr del": ("class A:\n    x = 1; y = 2", "del A.x; A.z = A.y; A.m = lambda self: self.z\nr = A().m()"),
    "docstring cell": ("", "'just a text'\nx = 1"),
    "string escapes": ("p = r'C:\\x'", "q = p + '\\n\\u00e9\\ud55c'; b = q.encode(); print(q)"),
    "unicode names": ("값 = 3", "결과 = 값 * 2; é = 1"),
    "array of bools": ("m = np.array([True, False]); x = np.arange(2.)", "x[m] = 9; y = np.where(m, x, 0); z = ~m"),
    "array in tuple key": ("d = {(1, 2): np.ones(2)}", "d[(1, 2)] *= 3; d[(3,)] = d[(1, 2)] + 1"),
    "reassign while iterating": ("xs = [np.ones(2), np.zeros(2)]", "for i in range(len(xs)): xs[i] = xs[i] + i"),
    "sum list arrays": ("xs = [np.ones(2), np.zeros(2)]", "t = sum(xs); s = np.stack(xs); c = np.concatenate(xs)"),
    "import as attr": ("import os.path\nimport numpy.random as npr", "b = os.path.basename('a/b'); r = npr.default_rng(0).integers(5)"),
    "getattr dynamic": ("cfg = {'op': 'add'}", "f = getattr(np, cfg['op']); y = f(np.ones(2), 1)"),
    "assign attr of module": ("import types\nm = 3", "r = m if isinstance(m, (int, np.integer)) else None; k = type(m) is int; t = types.SimpleNamespace(q=m)"),
    "sorted by notebook key": ("def key(p): return -p[0]\nps = [(1, 'a'), (2, 'b')]", "s = sorted(ps, key=key); from functools import reduce\nr = reduce(lambda a, b: a + b[0], ps, 0)"),
    "iter protocol": ("class R:\n    def __init__(s): s.i = 0\n    def __iter__(s): return s\n    def __next__(s):\n        s.i += 1\n        if s.i > 3: raise StopIteration\n        return s.i\nr = R()", "l = list(r)"),
    "abc register": ("from abc import ABC, abstractmethod\nclass L(ABC):\n    @abstractmethod\n    def fwd(self, x): ...\n    def __call__(self, x): return self.fwd(x)", "class Lin(L):\n    def __init__(self, w): self.w = w\n    def fwd(self, x): return self.w @ x\ny = Lin(np.eye(2))(np.ones(2)); lin = Lin(np.ones((1, 2)))"),
    "partialmethod-free closure arr": ("def mk(w):\n    def f(x): return w @ x\n    return f\nf = mk(np.eye(2)); g = f", "y = f(np.ones(2)); h = mk(y)"),
    "int overflow": ("b = np.array([250], dtype=np.uint8)", "c = b + b; b += 10"),
    "bytearray": ("ba = bytearray(b'abc'); al = ba", "ba.append(33); ba[0:1] = b'ZZ'"),
    "deepcopy": ("import copy\nd = {'a': [1]}", "e = copy.deepcopy(d); e['a'].append(2); f = copy.copy(d)"),
    "json": ("import json", "s = json.dumps({'a': [1, 2]}); d = json.loads(s)"),
    "warn": ("import warnings", "with warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    warnings.warn('x')\nn = len(w)\ndel w"),
    "isinstance own": ("class A: pass\nclass B(A): pass\nb = B()", "k = isinstance(b, A), issubclass(B, A), type(b) is B, B.__mro__[1] is A, b.__class__.__name__"),
    "vars": ("class A:\n    def __init__(s): s.a = 1\na = A(); va = vars(a)", "va['b'] = 2; r = a.b"),
    "rng shared": ("rng = np.random.default_rng(0); gens = [rng]", "a = rng.random(2); b = gens[0].random(); r2 = np.random.default_rng(1); c = r2.random()"),
    "rng legacy": ("np.random.seed(3)", "np.random.seed(5); a = np.random.rand(2); b = np.random.randn()"),
    "global rng random": ("import random\nrandom.seed(1)", "random.seed(2); a = random.random(); b = random.choice([1, 2, 3])"),
    "rng instance": ("import random\nr = random.Random(3)", "a = r.random()"),
    "itertools": ("import itertools as it\nxs = [1, 2]", "p = list(it.product(xs, 'ab')); c = list(it.accumulate(xs)); g = {k: list(v) for k, v in it.groupby('aab')}"),
    "method of np array stored": ("x = np.arange(3.)", "f = x.sum\ny = f()\ndel f"),
    "complex": ("z = np.array([1 + 2j])", "w = 1j * 2"),
    "matmul list": ("a = [[1, 2], [3, 4]]", "b = np.array(a) @ np.array(a); c = b.tolist()"),
    "global in the cell": ("n = 1; m = 2", "def up():\n    global n, m\n    n += 1\n    del m\nup()"),
    "overlapping views": ("t = np.arange(8); b = t[1:5]; c = t[3:7]; del t", "b[2:] = 9; s = c.sum(); b += 1"),
    "registry of subclasses": (
        "class Shape:\n    names = []\n    def __init_subclass__(cls, side=0, **kw):\n        super().__init_subclass__(**kw)\n        cls.side = side; Shape.names.append(cls.__name__)\nclass Square(Shape, side=4): pass\nSquare.side = 5; p = Square()",
        "class Flat(Square, side=2): pass\nf = Flat(); sides = Square.side, Flat.side, p.side; seen = list(Shape.names)",
    ),
    "metaclass with a registry": (
        "class Meta(type):\n    made = {}\n    def __new__(mcs, name, bases, space, tag=None):\n        cls = super().__new__(mcs, name, bases, space)\n        cls.tag = tag or MARK; Meta.made[name] = cls\n        return cls\n    def __init__(cls, name, bases, space, tag=None): cls.order = len(Meta.made)\nMARK = '!'\nclass A(metaclass=Meta): pass\nclass B(A, tag='b'): pass",
        "class C(B): pass\nseen = list(Meta.made); same = Meta.made['B'] is B; tags = A.tag, B.tag, C.tag, A.order, B.order, C.order",
    ),
    "descriptor that learns its name": (
        "log = []\nclass Field:\n    def __set_name__(self, owner, name): self.name = name; log.append(name)\n    def __get__(self, it, owner): return self.name\nclass R: width = Field()",
        "class S(R): height = Field()\nr = R.width, S().height, S().width, list(log)",
    ),
    "abstract with a metaclass of its own": (
        "import abc\nclass M(abc.ABCMeta):\n    def __call__(cls): return [super().__call__()]\nclass A(metaclass=M):\n    @abc.abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self): return 1",
        "ok = B()[0].f(), isinstance(B()[0], A)\ntry: A()\nexcept TypeError as e: why = str(e)",
    ),
    "text evaluated": ("k = 4; v = 2", "a = eval('k + v'); exec('b = k * v; c = np.ones(2)')\nd = [eval(' k - 1') for _i in range(2)]; e = eval('1 +', {}) if False else eval('v')"),
    "class scope": ("v = 1; w = 2", "class A:\n    v += 1\n    w = w + 1\nr = A.v + A.w"),
}  # fmt: skip
"""What a notebook ran before, and the cell."""


def printed(run, *args):
    """Return what a run prints, and the error that it ends with."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            run(*args)
        except SerializationError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the cell raises
            return out.getvalue(), repr(error)
    return out.getvalue(), ""


@pytest.mark.parametrize("name", PROGRAMS)
def test_cell_does_what_it_does_without_the_magic(name):
    """A cell leaves the names, values, sharing and printed text that it leaves when it runs plainly."""
    before, cell = PROGRAMS[name]
    plain, captured = notebook(before), notebook(before)
    assert printed(run_cell, cell, captured) == printed(run_plain, cell, plain)
    plain.pop("_hidden", None)
    assert differences(plain, captured) == []
