/* dom.js - elements from data: text goes in as text, never as markup. */
import { bind } from '/i18n.js';

const BOUND = { text: 'text', label: 'aria-label', alt: 'alt', placeholder: 'placeholder' };

/**
 * An element. `text`, `label`, `alt` and `placeholder` are sources of i18n.js and follow the language; `on` has
 * listeners; true and false set and leave out an attribute; everything else is an attribute.
 */
export function h(tag, attributes = {}, ...children)
{
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (name === 'on') listen(element, value);
        else if (name in BOUND) bind(element, BOUND[name], value);
        else element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return element;
}

function listen(element, listeners)
{
    for (const [type, listener] of Object.entries(listeners)) element.addEventListener(type, listener);
}

export function button(text, click, attributes = {})
{
    return h('button', { type: 'button', class: 'button', text, on: { click }, ...attributes });
}

/** Text between elements that does not depend on the language: a code, a number. */
export function plain(text)
{
    return () => String(text);
}

export function byId(id)
{
    return document.getElementById(id);
}

let polite;
/** Says something to those who listen to the page and do not see it. */
export function announce(text)
{
    polite ??= byId('announcer');
    polite.textContent = '';
    requestAnimationFrame(() => { polite.textContent = text; });
}
