/* step-buttons.js - the buttons below a step: on, and back. */
import { button, h } from '/dom.js';

export function stepButtons(flow, ...onward)
{
    return h('div', { class: 'actions' }, onward, button('step.back', flow.back, { class: 'button quiet' }));
}
