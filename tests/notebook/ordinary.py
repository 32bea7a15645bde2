"""Ordinary cells: a notebook that has run `SETUP`, and what a reader may write next."""

SETUP = """
import math
import numpy as np
rng = np.random.default_rng(7)
x = rng.normal(size=(8, 16))
w1, b1 = rng.normal(size=(16, 12)) / 4, rng.normal(size=12)
w2 = rng.normal(size=(12, 5)) / 4
ids = np.array([3, 1, 4, 1, 5, 9, 2, 6])
params = {"w": np.ones((4, 2)), "b": [np.zeros(2), 3]}
scale = 2

def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)

def relu(z):
    return np.maximum(z, 0)

def mlp(z):
    return softmax(relu(z @ w1 + b1) @ w2)

def make_scaler(factor):
    def scaler(z):
        return z * factor
    return scaler

double = make_scaler(2)

def countdown(n):
    while n:
        yield n
        n -= 1

class Dense:
    bias = 1

    def __init__(self, weights):
        self.weights = weights

    def __call__(self, z):
        return z @ self.weights + self.bias
"""

CELLS = {
    "functions across cells": """
p = mlp(x)
best = p.argmax(axis=1)
""",
    "layer norm": """
mu = x.mean(-1, keepdims=True)
y = (x - mu) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
""",
    "attention": """
q, k = x.reshape(8, 2, 8), x.reshape(8, 2, 8) * 0.5
s = np.einsum('ihd,jhd->hij', q, k) / math.sqrt(8)
s = np.where(np.tril(np.ones((8, 8), dtype=bool)), s, -np.inf)
a = softmax(s)
o = np.einsum('hij,jhd->ihd', a, q).reshape(8, -1)
""",
    "k-means": """
c = x[:3].copy()
for _ in range(3):
    d = ((x[:, None, :] - c) ** 2).sum(-1)
    near = d.argmin(1)
    for j in range(3):
        if (near == j).any():
            c[j] = x[near == j].mean(0)
""",
    "power iteration": """
m = x @ x.T
v = np.ones(8)
for _ in range(5):
    v = m @ v
    v /= np.sqrt((v ** 2).sum())
v[0]
""",
    "comprehensions": """
rows = [r.sum() for r in x if r[0] > 0]
t = sum(i * j for i, j in zip(range(4), ids))
g = np.stack([x[i] for i in ids % 8])
d = {i: r.max() for i, r in enumerate(x)}
""",
    "shadowing": """
x = x[:2]
sum = x.sum()
def f(w1):
    return w1 + 1
max = f(3)
w2 = f(w2)
""",
    "in place": """
x[1:3] *= 2
v = x[:, ::4]
v += 1
x[x < 0] = 0
x[ids % 8, ids] = -1
r = x.ravel()
r[0] = 9
""",
    "alias": """
a = x
a[0, 0] = 100
b = a.T
b[1, 0] = 50
""",
    "closures": """
y = double(x)
add = lambda z, n=scale: z + n
z = add(y)
triple = make_scaler(3)
t = triple(ids)
""",
    "closure over a counter": """
def counter():
    n = 0
    def step():
        nonlocal n
        n += 1
        return n
    return step
c = counter()
c()
n = c()
del c
""",
    "class": """
layer = Dense(w1)
y = layer(x)
bias = layer.bias
del layer
""",
    "caught errors": """
try:
    x @ x
except ValueError as error:
    kind = type(error).__name__
else:
    kind = None
try:
    x[99]
except IndexError:
    ok = True
finally:
    last = 1
""",
    "recursion": """
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
f = [fib(i) for i in range(9)]
pairs = sorted(enumerate(ids.tolist()), key=lambda p: -p[1])[:3]
""",
    "containers": """
grads = {'w': np.full((4, 2), 0.5)}
params['w'] -= 0.25 * grads['w']
params['b'][0] += 1
new = {k: v for k, v in params.items() if k == 'w'}
""",
    "deletion": """
y = x.sum()
del x
scale += 1
def g():
    global made
    made = 5
g()
""",
    "prints": """
print(f'{x.mean():.1f}', x.shape, ids, len(x))
for i, v in enumerate(ids[:2]):
    print(i, int(v), end=';')
""",
    "integers": """
h = np.bincount(ids)
c = np.cumsum(ids)[::-1]
m = (ids * 7) % 5
b = (ids & 1) == 0
o = np.argsort(ids)
q = ids // 2
u = np.unique(ids)
""",
    "random": """
r = np.random.default_rng(3)
n = r.normal(size=(3, 4))
i = r.integers(0, 9, size=5)
x = x + n[0, 0]
""",
    "scalars": """
a = float(x[0, 0])
b = x.max().item()
c = int(ids.sum())
d = round(3.7)
e = ids[2]
f = bool((x > 9).any())
""",
    "new syntax": """
if (n := len(x)) > 3:
    first, *rest = ids.tolist()
match n:
    case 8:
        word = 'eight'
    case _:
        word = 'other'
(a, (b, c)) = (1, (2, 3))
""",
    "generators": """
y = [v * 2 for v in countdown(4)]
s = sum(countdown(5))
t = list(map(lambda v: v + 1, countdown(2)))
""",
    "life": """
board = (np.arange(36).reshape(6, 6) % 3 == 0).astype(int)
near = sum(np.roll(np.roll(board, i, 0), j, 1) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))
board = ((near == 3) | ((board == 1) & (near == 2))).astype(int)
""",
    "broadcasting": """
d = np.abs(x[:, None] - x[None]).sum(-1)
g = np.add.outer(ids, ids)
X, Y = np.meshgrid(np.arange(3), np.arange(2))
e = np.expand_dims(ids, 1) * np.ones((1, 2))
""",
    "convolution": """
img = np.arange(36.0).reshape(6, 6)
k = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=float)
out = np.zeros((4, 4))
for i in range(4):
    for j in range(4):
        out[i, j] = (img[i:i+3, j:j+3] * k).sum()
""",
    "training": """
w = np.zeros((16, 5))
t = np.eye(5)[ids % 5]
for step in range(10):
    p = softmax(x @ w)
    w -= 0.1 * x.T @ (p - t) / len(x)
loss = -np.log((p * t).sum(1)).mean()
""",
    "joining": """
c = np.concatenate([x, x], axis=1)
s = np.split(c, 4, axis=1)[1]
p = np.pad(ids, 1)
t = np.tile(ids, 2)
v = np.vstack([ids, ids])
""",
    "result only": """
x.sum(axis=0)
""",
    "errstate": """
with np.errstate(divide='ignore', invalid='ignore'):
    y = np.nan_to_num(ids / (ids - 1), posinf=0)
assert y[1] == 0
""",
}
