// JupyterLab takes a notebook for saved when a save has ended, also what changed while it went on: if that was the
// last change, it is never saved. Here it counts as changed, and the next autosave takes it.
// https://jupyterlab.readthedocs.io/en/stable/extension/extension_points.html#widget-extension
// And it takes what it saved itself a moment ago for somebody else's change, and asks about it, if a save begins before
// the one before has ended, as with Ctrl+S during an autosave. Here one save waits for the other, and saves for all that
// were asked for meanwhile.
const watched = (panel, context) => {
  const save = context.save.bind(context);
  let last = Promise.resolve(), next = null;
  const begin = () => { next = null; return save(); };
  context.save = () => next ??= last = last.then(begin, begin);
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
