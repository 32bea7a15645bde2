"""What a notebook holds, what a page shows of it, and how one drives JupyterLab."""

from importlib.resources import files

import httpx
import nbformat

AXE = files("axe_playwright_python") / "axe.min.js"

OPEN_WITHOUT_KERNEL = """async path => {
  await window.jupyterapp.restored;
  const preference = {shouldStart: false, canStart: true, autoStartDefault: false};
  const panel = await window.jupyterapp.commands.execute(
    'docmanager:open', {path, factory: 'Notebook', kernelPreference: preference});
  await panel.revealed; await panel.context.ready;
}"""

READY = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.context.ready; await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
}"""

ADD_CELLS = """sources => {
  const shared = window.jupyterapp.shell.currentWidget.content.model.sharedModel;
  const first = shared.cells.length;
  shared.insertCells(first, sources.map(source => ({cell_type: 'code', source})));
  window.jupyterapp.shell.currentWidget.content.activeCellIndex = first;
  return first;
}"""

SET_SOURCE = """([index, source]) =>
  window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.setSource(source)"""

ACTIVATE = "index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index; }"

OUTPUTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === 'code').map(cell => cell.model.outputs.toJSON())"""

IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"

TRUSTED = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === 'code').map(cell => cell.model.trusted)"""

PICTURES = """selector => [...document.querySelectorAll(`${selector} img`)].map(
  img => ({width: img.complete ? img.naturalWidth : 0, shown: img.getBoundingClientRect().width, alt: img.alt}))"""

LOADED = "selector => [...document.querySelectorAll(`${selector} img`)].every(img => img.complete)"

ELEMENTS = """root => [...root.querySelectorAll('*')].map(element => [
  element.tagName, element.style.cssText.replace(/overflow-wrap: anywhere; ?/, '').trim(), element.getAttribute('alt'),
  element.getAttribute('src')?.length, element.colSpan, element.rowSpan].join('|'))"""
"""Tag, style, text and size of the picture, and spans of every element.

JupyterLab drops `overflow-wrap: anywhere`, which breaks overlong names alone.
"""

SHOWN = f"""selector => [...document.querySelectorAll(selector)].map(
  node => ({{text: node.textContent, elements: ({ELEMENTS})(node)}}))"""

MEANT = f"""pieces => pieces.map(html => {{
  const node = new DOMParser().parseFromString(html, 'text/html').body;
  return {{text: node.textContent, elements: ({ELEMENTS})(node)}};
}})"""

COUNT = "([selector, count]) => document.querySelectorAll(selector).length === count"

HTML_OUTPUT = ".jp-RenderedHTML[data-mime-type='text/html']"


def html_outputs(path):
    """Return the HTML of every output of a saved notebook, in order."""
    cells = nbformat.read(path, as_version=4).cells
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
    return ["".join(bundle["text/html"]) for bundle in data if "text/html" in bundle]


def inaccessible(page, selector="html", **options):
    """Return what axe-core finds wrong below a selector: (rule, impact, the elements' HTML)."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("([root, options]) => axe.run(root, options)", [selector, options])
    assert found["passes"], "axe-core looked at nothing"
    return [
        (rule["id"], rule["impact"], [node["html"][:200] for node in rule["nodes"]]) for rule in found["violations"]
    ]


class Lab:
    """JupyterLab in a page.

    Parameters
    ----------
    server
        With `address`, `token` and `root`.
    """

    def __init__(self, page, server):
        self.page, self.server = page, server

    def open(self, path=""):
        """Open JupyterLab, and a notebook with its kernel if one is named."""
        self.page.goto(f"{self.server.address}/lab{f'/tree/{path}' if path else ''}?token={self.server.token}&reset")
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        if path:
            self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").first.wait_for()
            self.page.evaluate(READY)

    def open_without_kernel(self, path):
        """Open JupyterLab and a notebook for which no kernel starts."""
        self.open()
        self.page.evaluate(OPEN_WITHOUT_KERNEL, path)
        self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").first.wait_for()

    def command(self, name, **arguments):
        """Run a command of JupyterLab and return its result."""
        return self.page.evaluate(
            "([name, words]) => window.jupyterapp.commands.execute(name, words).then(x => x === true)",
            [name, arguments],
        )

    def start(self, name):
        """Start a command of JupyterLab that is not waited for."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)

    def kernels(self):
        """Return the identifiers of the kernels that run."""
        return [kernel["id"] for kernel in self._ask("GET", "api/kernels").json()]

    def end_kernels(self):
        """End every kernel."""
        for kernel in self.kernels():
            self._ask("DELETE", f"api/kernels/{kernel}")

    def _ask(self, method, path):
        headers = {"Authorization": f"token {self.server.token}"}
        return httpx.request(method, f"{self.server.address}/{path}", headers=headers, timeout=60).raise_for_status()

    def outputs(self):
        """Return the outputs of every code cell."""
        return self.page.evaluate(OUTPUTS)

    def pictures(self, selector):
        """Return the pictures below a selector, once all have come."""
        self.page.wait_for_function(LOADED, arg=selector)
        return self.page.evaluate(PICTURES, selector)
