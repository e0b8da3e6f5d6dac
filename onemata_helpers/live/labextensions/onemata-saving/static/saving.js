// JupyterLab takes a notebook for saved when a save has ended, also what changed while it went on: if that was the
// last change, it is never saved. Here it counts as changed, and the next autosave takes it.
// https://jupyterlab.readthedocs.io/en/stable/extension/extension_points.html#widget-extension
const watched = (panel, context) => {
  let changed = false;
  context.model.contentChanged.connect(() => { changed = true; });
  context.saveState.connect((_, state) => {
    if (state === 'completed' && changed) context.model.dirty = true;
    if (state === 'started') changed = false;
  });
};
const plugin = {
  id: 'onemata-saving:plugin',
  autoStart: true,
  activate: (app) => { app.docRegistry.addWidgetExtension('Notebook', {createNew: watched}); },
};
window._JUPYTERLAB = window._JUPYTERLAB || {};
window._JUPYTERLAB['onemata-saving'] = {
  init: () => {},
  get: () => Promise.resolve(() => ({__esModule: true, default: plugin})),
};
