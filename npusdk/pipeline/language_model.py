"""A language model by its configuration, and the passes that it makes: a prefill, and a step of decoding."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import ceil
from types import MappingProxyType

from npusdk.catalogue import DeviceSpec
from npusdk.compiler import Traits
from npusdk.cost.price import PriceList
from npusdk.display import Shown
from npusdk.errors import ConfigError
from npusdk.importers.language import BLOCK, LanguageConfig, LanguageSource, PassGraph, pass_graph, read_config
from npusdk.language import _, plain
from npusdk.numerics import MATRIX_FORMATS
from npusdk.pipeline.language_pass import Pass
from npusdk.pipeline.opening import read_count
from npusdk.pipeline.serving import serve
from npusdk.pipeline.workload import read_workload
from npusdk.report import Parallel, ServingReport
from npusdk.units import format_count

WEIGHT_BITS: Mapping[str, float] = MappingProxyType({"int8": 8, "fp8": 8, "int4": 4, "q4_k_m": 4.85})
"""Bits of a weight; q4_k_m mixes blocks of 4 and of 6 bits with their scales: 4.85 bits on average (llama.cpp)."""

CACHE_BITS: Mapping[str, float] = MappingProxyType({"int8": 8, "fp8": 8})
"""Bits of an element of keys and values."""


MOST_TOKENS = 1 << 20
"""Longest prompt or context that is costed."""

MOST_PASSES = 256
"""Passes that a model keeps, with what was worked out about them; the oldest goes first."""


class LLM(Shown):
    """A decoder-only language model, by its configuration alone.

    Parameters
    ----------
    source
        A bundled name ("llama-3-8b"), the path of a Hugging Face `config.json`, or what such a file holds.
    weights
        Format of the weights in memory, "int8", "fp8", "int4" or "q4_k_m"; None is that of the precision.
    cache
        Format of keys and values, "fp8" or "int8"; None is that of the precision.

    Raises
    ------
    ConfigError
        If there is no such model, file or format.
    ModelFormatError, UnsupportedOpError
        If the configuration is incomplete, contradicts itself or is of an unknown family.

    Examples
    --------
    >>> model = LLM("llama-3-8b")
    >>> model.parameters, model.kv_bytes_per_token("bf16")
    (8030261248, 131072)
    >>> model.decode(context=1024).macs > model.decode(context=1).macs
    True
    """

    def __init__(self, source: LanguageSource, *, weights: str | None = None, cache: str | None = None) -> None:
        self.config: LanguageConfig = read_config(source)
        self.weights = weights
        self.cache = cache
        self._weight_bits = _bits("weights", weights, WEIGHT_BITS)
        self._cache_bits = _bits("cache", cache, CACHE_BITS)
        self._passes: dict[tuple[int, int, int, int, int], Pass] = {}

    @property
    def name(self) -> str:
        """What the configuration calls the model."""
        return self.config.name

    @property
    def parameters(self) -> int:
        """Number of weights of the whole model."""
        return self.config.parameters

    def kv_bytes_per_token(self, precision: str = "bf16") -> int:
        """Return the bytes of keys and values that one token leaves in all layers.

        Parameters
        ----------
        precision
            Format of the matrix products, which the cache has too unless `cache` says otherwise.
        """
        return ceil(self.config.cache_elements_per_token * (self._cache_bits or _width(precision)) / 8)

    def weight_bytes(self, precision: str = "bf16") -> int:
        """Return the bytes of all weights; `precision` is their format unless `weights` says otherwise."""
        return ceil(self.parameters * (self._weight_bits or _width(precision)) / 8)

    def prefill(self, *, tokens: int, batch: int = 1, parallel: Parallel | None = None) -> Pass:
        """Return the pass that reads `tokens` tokens of each of `batch` prompts and gives the first new token of each.

        Parameters
        ----------
        parallel
            How many devices share it: the pass is that of one of them, of one stage.

        Raises
        ------
        ShapeError
            If a number is not a whole number of at least 1.
        ConfigError
            If there are more tokens than `MOST_TOKENS` or than one of them sees, or more devices than heads or layers.
        """
        return self._pass("tokens", tokens, batch, parallel)

    def decode(self, *, context: int, batch: int = 1, parallel: Parallel | None = None) -> Pass:
        """Return the step that makes one token of each of `batch` sequences, which sees `context` tokens.

        Parameters
        ----------
        context
            Tokens that the new one sees, its own place among them.
        parallel
            How many devices share it: the pass is that of one of them, of one stage.

        Raises
        ------
        ShapeError, ConfigError
            As `prefill`.
        """
        return self._pass("context", context, batch, parallel)

    def serve(  # noqa: PLR0913 - each is a word of the public call
        self,
        device: str | DeviceSpec,
        *,
        input_tokens: int,
        output_tokens: int,
        batch: int | None = None,
        precision: str = "auto",
        parallel: Parallel | None = None,
        batching: str = "continuous",
        stack: str = "",
        prices: PriceList | None = None,
    ) -> ServingReport:
        """Return what serving requests of one shape is predicted to take, see `npusdk.pipeline.serving`.

        Parameters
        ----------
        device
            One device; `parallel` says how many of it serve.
        input_tokens, output_tokens
            Of every request.
        batch
            Requests at once on each replica; as many as the memory holds, 2048 at most, if it is left out.
        precision
            "auto" is the widest format of sixteen bits.
        batching
            "continuous" (a request that ends makes room for the next) or "static" (a batch begins and ends together).
        stack
            Software that serves, whose measured factors are applied.
        prices
            Prices of a centre; without them no price is said.

        Raises
        ------
        DoesNotFitError
            If weights or keys and values do not fit, naming how many devices they fit.
        ConfigError, ShapeError, UnknownDeviceError, PrecisionError
            If an argument is wrong.
        """
        work = read_workload(
            self,
            device,
            (input_tokens, output_tokens),
            precision=precision,
            parallel=parallel,
            batching=batching,
            stack=stack,
        )
        return serve(work, read_count("batch", batch), prices)

    def _pass(self, what: str, length: int, batch: int, parallel: Parallel | None) -> Pass:
        shared = parallel or Parallel()
        size, sequences = read_count(what, length) or 1, read_count("batch", batch) or 1
        tokens, context = (size, 0) if what == "tokens" else (1, size)
        key = (tokens, context, sequences, shared.tp, shared.pp)
        if key not in self._passes:
            self._check(what, size, shared)
            context = min(context, self.config.window or context)
            built = pass_graph(self.config, tokens=tokens, context=context, tp=shared.tp)
            if len(self._passes) >= MOST_PASSES:
                del self._passes[next(iter(self._passes))]
            self._passes[key] = Pass(
                built, sequences, self._traits(built, shared), partial(self._remake, (what, size), sequences, shared)
            )
        return self._passes[key]

    def _remake(
        self, length: tuple[str, int], batch: int, shared: Parallel, *, tp: int | None, weights: str, cache: str
    ) -> Pass:
        """Return a pass of the same length in another way."""
        model = self
        if weights or cache:
            model = LLM(self.config, weights=weights or self.weights, cache=cache or self.cache)
        return model._pass(*length, batch, shared.model_copy(update={"tp": tp}) if tp else shared)

    def _traits(self, built: PassGraph, shared: Parallel) -> Traits:
        return Traits(
            repeats=MappingProxyType({BLOCK: ceil(self.config.layers / shared.pp)}),
            causal=built.causal,
            reduced=built.reduced,
            resident=built.resident,
            weight_bits=self._weight_bits,
            cache_bits=self._cache_bits,
            shards=shared.tp,
        )

    def _check(self, what: str, size: int, shared: Parallel) -> None:
        """Refuse what the model's geometry excludes; a longer context than it was made for costs what it costs."""
        window = self.config.window if what == "tokens" else None
        limits = (
            (what, size, window or MOST_TOKENS),
            ("tp", shared.tp, self.config.heads),
            ("pp", shared.pp, self.config.layers),
        )
        for name, given, limit in limits:
            if given > limit:
                raise ConfigError(
                    _("{what} is {value}, and model {model} allows {limit} at most"),
                    hint=_("Give {what}={limit} or less."),
                    what=name,
                    value=given,
                    model=self.name,
                    limit=limit,
                )

    def __repr__(self) -> str:
        formats = {"weights": self.weights, "cache": self.cache}
        said = "".join(f", {what} {value}" for what, value in formats.items() if value)
        config = self.config
        return (
            f"LLM({plain(self.name, 80)}: {format_count(self.parameters)} parameters, {config.layers} layers of "
            f"{config.hidden}, {config.heads} heads, {config.kv_heads} for keys{said})"
        )


def _bits(what: str, asked: str | None, known: Mapping[str, float]) -> float | None:
    if asked is None:
        return None
    if asked not in known:
        raise ConfigError(
            _("{what} in the format {value} are not known; known are {known}"),
            hint=_("Give one of these, or leave {what}= out."),
            what=what,
            value=plain(repr(asked), 40),
            known=", ".join(known),
        )
    return known[asked]


def _width(precision: str) -> float:
    """Return the bits of a format."""
    if precision not in MATRIX_FORMATS:
        raise ConfigError(
            _("precision {precision} is not known; known are {known}"),
            hint=_("Give one of these."),
            precision=plain(str(precision), 40),
            known=", ".join(MATRIX_FORMATS),
        )
    return MATRIX_FORMATS[precision].bits
