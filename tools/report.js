// report.js - draws the plots of the report from the JSON block of its page, in the language shown.
'use strict';

(() => {
    const { plots, words } = JSON.parse(document.getElementById('data').textContent);

    // Paul Tol's bright scheme: told apart by colour-blind eyes, on white and on black.
    const colours = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377', '#999999'];
    const dashes = [[], [8, 4], [2, 3]];

    // ------------------------------------------------------------------ texts and numbers

    // A text is a string, or an object with both languages.
    function say(text) {
        return typeof text === 'string' ? text : text[document.documentElement.lang];
    }

    // What is known of a point besides where it is: a threshold, or how many pictures.
    function remark(note, total) {
        if (note === undefined || note === null) return '';
        return total > 0
            ? say(words.pictures).replace('{1}', note)
            : say(words.threshold).replace('{1}', note.toFixed(3));
    }

    function tooltip({ dataset, raw, chart }) {
        const { digits, x, total } = chart.plot;
        const across = x.range === 'epochs' ? String(raw.x) : raw.x.toFixed(digits);
        return `${dataset.label}: ${across}, ${raw.y.toFixed(digits)}${remark(raw.note, total)}`;
    }

    // ------------------------------------------------------------------ lines and axes

    const styles = {
        curve: () => ({}),
        joint: () => ({ ink: 'ink', borderWidth: 3, borderDash: [] }),
        reference: () => ({ ink: 'faint', borderDash: [4, 4], borderWidth: 1, pointHitRadius: 0 }),
        epochs: (points) => ({ pointRadius: points.length < 3 ? 4 : 0 }),
        bins: (points, total) => ({
            pointRadius: points.map(([, , count]) => 3 + 9 * Math.sqrt(count / total)),
        }),
    };

    function dataset({ points, style }, i, total) {
        return {
            data: points.map(([x, y, note]) => ({ x, y, note })),
            type: 'line',
            showLine: true,
            borderColor: colours[i % colours.length],
            backgroundColor: colours[i % colours.length],
            borderDash: dashes[Math.floor(i / colours.length) % dashes.length],
            borderWidth: 2,
            pointRadius: 0,
            pointHitRadius: 8,
            tension: 0,
            clip: 10,
            ...styles[style](points, total),
        };
    }

    const ranges = {
        share: () => ({ min: 0, max: 1 }),
        positive: () => ({ beginAtZero: true }),
        epochs: (lines) => ({
            min: Math.min(...lines.flatMap(({ points }) => points.map(([x]) => x))),
            ticks: { precision: 0 },
        }),
    };

    function axis({ range }, lines) {
        const plain = { type: 'linear', title: { display: true }, grid: {}, border: {}, ticks: {} };
        return { ...plain, ...ranges[range](lines) };
    }

    // ------------------------------------------------------------------ charts

    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const charts = [...document.querySelectorAll('.plot')].map((place) => {
        const plot = plots[place.dataset.plot];
        const canvas = document.createElement('canvas');
        canvas.setAttribute('role', 'img');
        place.append(canvas);
        const chart = new Chart(canvas, {
            data: { datasets: plot.lines.map((line, i) => dataset(line, i, plot.total)) },
            options: {
                animation: false,
                maintainAspectRatio: false,
                normalized: true,
                parsing: false,
                scales: { x: axis(plot.x, plot.lines), y: axis(plot.y, plot.lines) },
                interaction: { mode: 'nearest', intersect: false },
                plugins: {
                    legend: { position: 'bottom', labels: { boxWidth: 24, boxHeight: 0, padding: 10 } },
                    tooltip: { callbacks: { title: () => '', label: tooltip } },
                },
            },
        });
        chart.plot = plot;
        return chart;
    });

    function write(chart) {
        const { title, summary, lines, x, y } = chart.plot;
        chart.canvas.setAttribute('aria-label', `${say(title)} \u2013 ${say(summary)}`);
        chart.options.scales.x.title.text = say(x.title);
        chart.options.scales.y.title.text = say(y.title);
        lines.forEach((line, i) => { chart.data.datasets[i].label = say(line.label); });
    }

    function paint(chart, isDark) {
        const ink = isDark ? '#e6e9ed' : '#1c2127';
        const faint = isDark ? '#9aa5b1' : '#5b6570';
        const line = isDark ? '#353c45' : '#d5dae0';
        for (const scale of Object.values(chart.options.scales)) {
            scale.grid.color = scale.border.color = line;
            scale.ticks.color = scale.title.color = faint;
        }
        chart.options.plugins.legend.labels.color = ink;
        for (const set of chart.data.datasets)
            if (set.ink) set.borderColor = set.backgroundColor = set.ink === 'faint' ? faint : ink;
    }

    function show(isDark = dark.matches) {
        for (const chart of charts) {
            write(chart);
            paint(chart, isDark);
            chart.resize();
            chart.update('none');
        }
    }

    show();
    document.addEventListener('language', () => show());
    dark.addEventListener('change', () => show());
    addEventListener('beforeprint', () => show(false)); // paper is white
    addEventListener('afterprint', () => show());
})();
