// report.js - draws the report from the JSON block of its page. Texts enter as text, never as HTML.
'use strict';

(() => {
    const data = JSON.parse(document.getElementById('data').textContent);
    const page = document.getElementById('report');

    // Paul Tol's bright scheme: told apart by colour-blind eyes, on white and on black.
    const colours = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377', '#999999'];
    const dashes = [[], [8, 4], [2, 3]];

    // ------------------------------------------------------------------ elements

    // make('td', {class: 'text'}, 'a', node): attributes, then children; what is null is left out.
    function make(name, attributes = {}, ...children) {
        const element = document.createElement(name);
        for (const [key, value] of Object.entries(attributes))
            if (value !== null) element.setAttribute(key, value);
        element.append(...children.filter((child) => child !== null));
        return element;
    }

    function section(title, ...children) {
        const id = title.toLowerCase().replace(/[^a-z]+/g, '-');
        page.append(make('section', {'aria-labelledby': id}, make('h2', {id}, title), ...children));
    }

    // rows: arrays of cells; a cell is a text or a node; the first is the row's heading.
    function table(caption, heads, rows, style = null) {
        const cell = (value, i) =>
            i === 0
                ? make('th', {scope: 'row'}, value)
                : value instanceof HTMLTableCellElement
                  ? value
                  : make('td', {}, value);
        return make(
            'div',
            {},
            make('p', {class: 'faint'}, caption),
            make(
                'div',
                {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
                make(
                    'table',
                    {class: style, 'aria-label': caption},
                    make(
                        'thead',
                        {},
                        make('tr', {}, ...heads.map((head) => make('th', {scope: 'col'}, head)))
                    ),
                    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row.map(cell))))
                )
            )
        );
    }

    // ------------------------------------------------------------------ numbers

    const fixed = (value, digits = 3) => (value === null ? '\u2013' : value.toFixed(digits));
    const percent = (value, digits = 1) =>
        value === null ? '\u2013' : (100 * value).toFixed(digits) + '\u202f%';
    const named = (name) =>
        name.replaceAll('_', ' ').replace(/\b(auc|ece|f1)\b/, (word) => word.toUpperCase());
    const range = (figure) =>
        figure.low === null ? '' : `${fixed(figure.low)} to ${fixed(figure.high)}`;

    function interval(figure) {
        return make(
            'td',
            {},
            fixed(figure.value),
            figure.low === null ? null : make('small', {}, range(figure))
        );
    }

    // At most `most` of them, evenly, with the first and the last.
    function thin(points, most = 21) {
        if (points.length <= most) return points;
        return Array.from(
            {length: most},
            (_, i) => points[Math.round((i * (points.length - 1)) / (most - 1))]
        );
    }

    // ------------------------------------------------------------------ charts

    const charts = [];
    const dark = matchMedia('(prefers-color-scheme: dark)');

    function paint(isDark) {
        const ink = isDark ? '#e6e9ed' : '#1c2127',
            faint = isDark ? '#9aa5b1' : '#5b6570';
        const line = isDark ? '#353c45' : '#d5dae0';
        for (const chart of charts) {
            for (const scale of Object.values(chart.options.scales)) {
                scale.grid.color = scale.border.color = line;
                scale.ticks.color = scale.title.color = faint;
            }
            chart.options.plugins.legend.labels.color = ink;
            for (const set of chart.data.datasets)
                if (set.ink)
                    set.borderColor = set.backgroundColor = set.ink === 'faint' ? faint : ink;
            chart.resize();
            chart.update('none');
        }
    }

    function axis(title, more = {}) {
        return {
            type: 'linear',
            title: {display: true, text: title},
            grid: {},
            border: {},
            ticks: {},
            ...more,
        };
    }

    const share = {min: 0, max: 1};

    function curve(label, points, i) {
        return {
            label,
            data: points.map(([x, y, threshold]) => ({x, y, threshold})),
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
        };
    }

    function reference(label, points) {
        return {
            ...curve(label, points, 0),
            ink: 'faint',
            borderDash: [4, 4],
            borderWidth: 1,
            pointHitRadius: 0,
        };
    }

    // A chart with its description for screen readers and its figures as tables.
    function chart(title, text, summary, datasets, scales, tables) {
        const canvas = make('canvas', {role: 'img', 'aria-label': `${title}. ${summary}`});
        const figure = make(
            'figure',
            {},
            make('h3', {}, title),
            make('figcaption', {}, text),
            make('div', {class: 'plot'}, canvas),
            make('details', {}, make('summary', {}, 'The figures as a table'), ...tables)
        );
        const draw = () =>
            charts.push(
                new Chart(canvas, {
                    data: {datasets},
                    options: {
                        animation: false,
                        maintainAspectRatio: false,
                        normalized: true,
                        parsing: false,
                        scales,
                        interaction: {mode: 'nearest', intersect: false},
                        plugins: {
                            legend: {
                                position: 'bottom',
                                labels: {boxWidth: 24, boxHeight: 0, padding: 10},
                            },
                            tooltip: {callbacks: {title: () => '', label: tooltip}},
                        },
                    },
                })
            );
        return {figure, draw};
    }

    function tooltip({dataset, raw}) {
        const at =
            raw.threshold === undefined || raw.threshold === null
                ? ''
                : `, threshold ${fixed(raw.threshold)}`;
        const note = raw.note ? ', ' + raw.note : at;
        return `${dataset.label}: ${fixed(raw.x)}, ${fixed(raw.y)}${note}`;
    }

    function show(title, drawn) {
        section(title, make('div', {class: 'charts'}, ...drawn.map((one) => one.figure)));
        for (const one of drawn) one.draw();
    }

    // ------------------------------------------------------------------ parts of the page

    function head() {
        page.append(
            make(
                'header',
                {},
                make('h1', {}, data.title),
                make('p', {class: 'faint'}, data.subtitle),
                ...data.notes.map((note) => make('p', {class: 'note', role: 'note'}, note))
            )
        );
    }

    function keyFigures(evaluation) {
        const keys = [
            'balanced_accuracy',
            'accuracy',
            'macro_auc',
            'sensitivity',
            'specificity',
            'malignant_auc',
        ];
        const tile = (key) => {
            const figure = evaluation.metrics[key];
            return figure.value === null
                ? null
                : make(
                      'div',
                      {class: 'tile'},
                      make('dt', {}, named(key)),
                      make('dd', {}, fixed(figure.value), make('small', {}, range(figure)))
                  );
        };
        section(
            'Key figures',
            make('dl', {class: 'tiles'}, ...keys.map(tile)),
            make(
                'p',
                {class: 'faint'},
                `${evaluation.pictures.toLocaleString('en')} pictures of the part ` +
                    `\u201c${evaluation.part}\u201d; below each figure its 95\u202f% interval ` +
                    'over resampled lesions.'
            )
        );
    }

    function metricTable(evaluation) {
        const rows = Object.entries(evaluation.metrics).map(([name, figure]) => [
            named(name),
            fixed(figure.value),
            range(figure),
            make('td', {class: 'text'}, data.meaning[name]),
        ]);
        const at =
            evaluation.threshold === null
                ? ''
                : ' The operating point is a malignant probability of at least ' +
                  `${fixed(evaluation.threshold)}.`;
        section(
            'All figures',
            table(
                'Figures with 95\u202f% bootstrap intervals.' + at,
                ['figure', 'value', '95\u202f% interval', 'meaning'],
                rows,
                'words'
            )
        );
    }

    function classTable(evaluation) {
        const rows = evaluation.classes.map((one) => [
            make(
                'span',
                {},
                one.label + ' ',
                one.malignant && one.label !== 'malignant'
                    ? make('span', {class: 'badge'}, 'malignant')
                    : null
            ),
            String(one.pictures),
            interval(one.recall),
            interval(one.precision),
            interval(one.f1),
            interval(one.auc),
        ]);
        section(
            'Classes',
            table(
                'Every class with 95\u202f% intervals; AUC is the class against the rest.',
                ['class', 'pictures', 'recall', 'precision', 'F1', 'AUC'],
                rows
            )
        );
    }

    function confusionTable(evaluation) {
        const labels = evaluation.classes.map((one) => one.label);
        const rows = evaluation.confusion.map((row, truth) => {
            const total = row.reduce((a, b) => a + b, 0);
            return [
                labels[truth],
                ...row.map((count, decided) => {
                    const part = total > 0 ? count / total : 0;
                    return make(
                        'td',
                        {
                            class: truth === decided ? 'right' : null,
                            style: `background: rgba(var(--cell), ${(0.55 * part).toFixed(3)})`,
                        },
                        String(count),
                        make('small', {}, total > 0 ? percent(part, 0) : '')
                    );
                }),
            ];
        });
        section(
            'Confusion matrix',
            table(
                'Rows: the truth. Columns: the decision. Below each count its share of the row.',
                ['truth', ...labels],
                rows,
                'confusion'
            )
        );
    }

    // One chart of a curve for every class and for malignant against benign.
    function classCurves(evaluation, kind, title, text, axes, area) {
        const two = evaluation.classes.length === 2; // either class's curve then says it all
        const kept = evaluation.curves[kind]
            .map((points, i) =>
                i < evaluation.classes.length
                    ? {
                          points,
                          joint: false,
                          label: evaluation.classes[i].label,
                          auc: evaluation.classes[i].auc,
                      }
                    : {
                          points,
                          joint: true,
                          label: two ? 'malignant' : 'malignant (any)',
                          auc: evaluation.metrics.malignant_auc,
                      }
            )
            .slice(two ? -1 : 0)
            .filter((one) => one.points.length > 0);
        const sets = kept.map((one, i) => ({
            ...curve(area ? `${one.label} (${fixed(one.auc.value, 2)})` : one.label, one.points, i),
            ...(one.joint ? {ink: 'ink', borderWidth: 3, borderDash: []} : {}),
        }));
        if (area)
            sets.push(
                reference('chance', [
                    [0, 0, null],
                    [1, 1, null],
                ])
            );
        const summary = kept.map((one) => `${one.label}: AUC ${fixed(one.auc.value)}`).join('; ');
        return chart(
            title,
            text,
            summary,
            sets,
            {x: axis(axes[0], share), y: axis(axes[1], share)},
            kept.map((one) =>
                table(
                    `${title}: ${one.label}`,
                    ['threshold', ...axes],
                    thin(one.points).map(([x, y, at]) => [
                        at === null ? 'none' : fixed(at),
                        fixed(x),
                        fixed(y),
                    ])
                )
            )
        );
    }

    function calibration(evaluation) {
        const bins = evaluation.curves.calibration;
        const line = {
            ...curve('decisions', bins, 0),
            pointHitRadius: 8,
            data: bins.map(([x, y, count]) => ({x, y, note: `${count} pictures`})),
            pointRadius: bins.map(([, , count]) => 3 + 9 * Math.sqrt(count / evaluation.pictures)),
        };
        return chart(
            'Calibration',
            'Confidence against the share that is right; larger points are more pictures. ' +
                'On the diagonal a probability means what it says.',
            `Expected calibration error ${fixed(evaluation.metrics.ece.value)}.`,
            [
                line,
                reference('perfect', [
                    [0, 0],
                    [1, 1],
                ]),
            ],
            {x: axis('mean confidence', share), y: axis('share right', share)},
            [
                table(
                    'Calibration',
                    ['confidence', 'share right', 'pictures'],
                    bins.map(([x, y, count]) => [fixed(x), fixed(y), String(count)])
                ),
            ]
        );
    }

    function curves(evaluation) {
        show('Curves', [
            classCurves(
                evaluation,
                'roc',
                'ROC',
                'Each class against the rest; the area is in brackets.',
                ['false positive rate', 'true positive rate'],
                true
            ),
            classCurves(
                evaluation,
                'pr',
                'Precision and recall',
                'Each class against the rest.',
                ['recall', 'precision'],
                false
            ),
            calibration(evaluation),
        ]);
    }

    function history(epochs) {
        const line = (label, key, i) => ({
            ...curve(
                label,
                epochs.filter((row) => row[key] !== null).map((row) => [row.epoch, row[key]]),
                i
            ),
            pointRadius: epochs.length < 3 ? 4 : 0,
        });
        const last = epochs[epochs.length - 1];
        const draw = (title, text, lines, y, digits) => {
            const known = lines.filter(([, key]) => epochs.some((row) => row[key] !== null));
            const summary =
                `${epochs.length} epochs; in the last one ` +
                known.map(([label, key]) => `${label} ${fixed(last[key], digits)}`).join(', ') +
                '.';
            return chart(
                title,
                text,
                summary,
                known.map(([label, key], i) => line(label, key, i)),
                {x: axis('epoch', {min: epochs[0].epoch, ticks: {precision: 0}}), y},
                [
                    table(
                        title,
                        ['epoch', ...known.map(([label]) => label)],
                        epochs.map((row) => [
                            String(row.epoch),
                            ...known.map(([, key]) => fixed(row[key], digits)),
                        ])
                    ),
                ]
            );
        };
        show('Training', [
            draw(
                'Loss',
                'Mean loss of an epoch; smoothing and class weights count in training only.',
                [
                    ['training', 'train_loss'],
                    ['validation', 'log_loss'],
                ],
                axis('loss', {beginAtZero: true}),
                3
            ),
            draw(
                'Figures of the validation part',
                'One point an epoch.',
                [
                    ['training accuracy', 'train_accuracy'],
                    ['accuracy', 'accuracy'],
                    ['balanced accuracy', 'balanced_accuracy'],
                    ['macro AUC', 'macro_auc'],
                ],
                axis('share', share),
                3
            ),
            draw(
                'Learning rate',
                'At the end of each epoch.',
                [['learning rate', 'learning_rate']],
                axis('learning rate', {beginAtZero: true}),
                5
            ),
        ]);
    }

    function mistakes(list) {
        const card = (one) =>
            make(
                'li',
                {},
                make(
                    'figure',
                    {},
                    make('img', {
                        src: one.image,
                        decoding: 'async',
                        alt: `${one.caption}: ${one.truth}, decided ${one.decided}`,
                    }),
                    make(
                        'figcaption',
                        {},
                        make('strong', {}, `${one.truth} \u2192 ${one.decided}`),
                        make('br'),
                        `truth ${percent(one.probability_truth)}, ` +
                            `decided ${percent(one.probability_decided)}`,
                        make('br'),
                        make('span', {title: one.caption}, one.caption.split(/[!/]/).pop())
                    )
                )
            );
        section(
            'Worst mistakes',
            make(
                'p',
                {class: 'faint'},
                'Truth \u2192 decision, and the probability that each was ' +
                    'given. Those first whose truth was thought the least probable.'
            ),
            make('ul', {class: 'mistakes'}, ...list.map(card))
        );
    }

    function settings(rows) {
        section(
            'Settings',
            table(
                'What this was made with.',
                ['setting', 'value'],
                rows.map(([name, value]) => [name, make('td', {class: 'text'}, value)]),
                'words'
            )
        );
    }

    head();
    if (data.evaluation) {
        keyFigures(data.evaluation);
        classTable(data.evaluation);
        confusionTable(data.evaluation);
        curves(data.evaluation);
    }
    if (data.epochs.length > 0) history(data.epochs);
    if (data.mistakes.length > 0) mistakes(data.mistakes);
    if (data.evaluation) metricTable(data.evaluation);
    if (data.settings.length > 0) settings(data.settings);
    page.append(
        make('footer', {}, make('p', {}, data.disclaimer), make('p', {}, `skincnn ${data.version}`))
    );

    paint(dark.matches);
    dark.addEventListener('change', () => paint(dark.matches));
    addEventListener('beforeprint', () => paint(false)); // paper is white
    addEventListener('afterprint', () => paint(dark.matches));
})();
