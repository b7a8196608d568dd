/* light.js - the traffic light of a risk level: each lamp has its own shape besides its colour. */
import { svg } from '/art.js';
import { h } from '/dom.js';

/** @typedef {'low' | 'watch' | 'high'} Level */

/* Circle with a tick, triangle with a stroke, octagon with a bang. */
const LAMPS = {
    high: '<path class="lamp" d="M26 12h20l14 14v20L46 60H26L12 46V26z"/><path class="mark" d="M36 22v18M36 49v.1"/>',
    watch: '<path class="lamp" d="M36 10 64 60H8z"/><path class="mark" d="M36 28v15M36 51v.1"/>',
    low: '<circle class="lamp" cx="36" cy="36" r="25"/><path class="mark" d="m25 37 8 8 15-17"/>',
};

/** The three lamps one above the other, the one of `level` lit. The words beside it say the same. */
export function trafficLight(level)
{
    const lamps = Object.entries(LAMPS).map(([name, shape], i) =>
        `<g class="${name === level ? `lit ${name}` : 'dark'}" transform="translate(4 ${4 + 76 * i})">${shape}</g>`);
    return svg('0 0 80 232', `<rect class="housing" width="80" height="232" rx="26"/>${lamps.join('')}`, 'traffic-light');
}

/** One lamp with its words, for lists. */
export function levelChip(level)
{
    return h('span', { class: `chip ${level}` }, svg('0 0 72 72', `<g class="lit ${level}">${LAMPS[level]}</g>`, 'chip-lamp'),
        h('span', { text: `level.${level}` }));
}
