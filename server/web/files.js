/* files.js - handing something to the person: a file, a print, the clipboard. */
import { h } from '/dom.js';

export function download(name, type, text)
{
    const url = URL.createObjectURL(new Blob([text], { type }));
    h('a', { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Prints one element of the page and nothing else (style.css hides the rest). */
export function printOnly(element)
{
    const sheet = h('div', { class: 'sheet' }, element.cloneNode(true));
    sheet.querySelectorAll('[id]').forEach((each) => each.removeAttribute('id'));
    document.body.append(sheet);
    document.body.classList.add('printing');
    addEventListener('afterprint', () => {
        document.body.classList.remove('printing');
        sheet.remove();
    }, { once: true });
    print();
}

/** @returns {Promise<boolean>}  whether it is on the clipboard */
export async function copy(text)
{
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return false; // forbidden, or not a secure page
    }
}
