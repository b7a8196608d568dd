// The Open Inference Protocol: a picture is an element of the tensor "image" of BYTES, in base64.
import { readFile } from 'node:fs/promises';

const image = (await readFile('lesion.jpg')).toString('base64');
const response = await fetch('http://127.0.0.1:8080/v2/models/diagnosis/infer', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: [image] }] }),
});
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
for (const { name, shape, data } of answer.outputs) console.log(name, shape, data);
