/* examples.test.mjs - the examples of the developers' page do what they say, copied and run as they are. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as s from './support.mjs';

const EXAMPLES = [
    { id: 'curl', program: 'sh', file: 'example.sh', says: /"task": ?"malignancy"[^]*"task": ?"diagnosis"/ },
    { id: 'python', program: 'python3', file: 'example.py', says: /^(akiec|bcc|bkl|df|mel|nv|vasc) \{/ },
    { id: 'javascript', program: 'node', file: 'example.mjs', says: /^(benign|malignant) (true|false) \{/ },
];

for (const { id, program, file, says } of EXAMPLES) {
    const needed = id === 'curl' ? 'curl' : program;
    const missing = spawnSync(needed, ['--version']).error && `no ${needed}`;
    test(`the example for ${id}`, { skip: missing || false }, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'skincnn-example-'));
        try {
            await s.withPage({ ...s.DESKTOP, path: '/integrators.html' }, async (page) => {
                writeFileSync(join(folder, file), await page.locator(`#example-${id}`).textContent());
            });
            writeFileSync(join(folder, 'lesion.jpg'), s.lesion('nv').buffer);
            assert.match(execFileSync(program, [file], { cwd: folder, encoding: 'utf8', timeout: 60_000 }), says);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
}
