// Several pictures in one form; those that cannot be read do not hold up the others.
import { readFile } from 'node:fs/promises';

const form = new FormData();
for (const name of ['lesion.jpg', 'second.jpg'])
    form.append('image', new Blob([await readFile(name)], { type: 'image/jpeg' }), name);
form.append('crop', 'auto');
const response = await fetch('http://127.0.0.1:8080/v1/malignancy', { method: 'POST', body: form });
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
for (const result of answer.results) console.log(result.error?.detail ?? result.label);
