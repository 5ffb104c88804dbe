"""What keys do in the composer's field. The browser decides; what concerns the server is told."""

KEYS = """(e) => {
    if (e.isComposing) return;
    const field = e.target, find = (name) => field.closest('.m-write').querySelector(name);
    const offers = find('.m-offers:not(.hidden)'), stop = find('.m-assist-stop');
    const undo = find('.m-assist:not(.hidden) .m-assist-undo:not(.hidden)');
    if (e.key === 'Escape') {
        const quote = find('.m-write-quote:not(.hidden) button');
        quote ? (e.stopPropagation(), quote.click()) : field.readOnly ? (e.stopPropagation(), stop.click()) : field.blur();
        return;
    }
    const key = (e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey ? e.key.toLowerCase() : '';
    if (key === 'j') { e.preventDefault(); find('.m-write-assist')?.click(); return; }
    if (key === 'z' && undo) { e.preventDefault(); undo.click(); return; }
    if (offers && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) { e.preventDefault(); emit({move: e.key === 'ArrowDown' ? 1 : -1}); return; }
    if ((e.ctrlKey || e.metaKey) && e.key === '.') {
        e.preventDefault();
        find('.m-write-emoji').click();
        return;
    }
    if (e.key !== 'Enter' || e.shiftKey) return;
    e.preventDefault();
    if (field.readOnly) return;  // it is being written: nothing is sent by itself
    const text = field.value;
    if (!text.trim() && !find('.m-attach:not(.m-hidden) .m-attached')) return;
    field.value = '';
    field.dispatchEvent(new Event('input', {bubbles: true}));
    setTimeout(() => emit({text}));  // after the field has told that it is empty
}"""
PRESS = """() => document.getElementById('%s')
    ?.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true}))"""
