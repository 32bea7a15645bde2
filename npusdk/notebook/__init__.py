"""The IPython extension: `%npu` and `%%npu`."""

from npusdk.notebook.extension import load_ipython_extension, unload_ipython_extension

__all__ = ["load_ipython_extension", "unload_ipython_extension"]
