/* photo.js - a file becomes an upright JPEG of moderate size without metadata, in the browser. */
import { advice, measure } from '/quality.js';

const LONGEST_SIDE = 1600;
const MOST_BYTES = 60 * 1024 * 1024;
const JPEG_QUALITY = 0.92;

/** @typedef {{blob: Blob, url: string, width: number, height: number, advice: string[]}} Photo */

/** Why a file is not taken; `code` names a text: "photo.error." + code. */
export class PhotoError extends Error {
    constructor(code)
    {
        super(code);
        this.code = code;
    }
}

/** @param {File} file  @returns {Promise<Photo>} */
export async function readPhoto(file)
{
    if (file.size > MOST_BYTES) throw new PhotoError('large');
    const picture = await decode(file);
    const canvas = scaled(picture);
    picture.close?.();
    const blob = await jpeg(canvas);
    return {
        blob,
        url: URL.createObjectURL(blob),
        width: canvas.width,
        height: canvas.height,
        advice: advice(measure(canvas)),
    };
}

/** Turned upright by its EXIF orientation. Browsers without createImageBitmap's option turn an <img> themselves. */
async function decode(file)
{
    try {
        return await createImageBitmap(file, { imageOrientation: 'from-image' });
    } catch {
        return decodeByElement(file);
    }
}

async function decodeByElement(file)
{
    const url = URL.createObjectURL(file);
    const image = new Image();
    image.src = url;
    try {
        await image.decode();
        return image;
    } catch {
        throw new PhotoError(isHeic(file) ? 'heic' : 'unreadable');
    } finally {
        URL.revokeObjectURL(url);
    }
}

function isHeic(file)
{
    return /hei[cf]/i.test(file.type) || /\.hei[cf]$/i.test(file.name);
}

function scaled(picture)
{
    const width = picture.naturalWidth ?? picture.width;
    const height = picture.naturalHeight ?? picture.height;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.fillStyle = '#fff'; // behind what a PNG leaves clear
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas;
}

/** Encoded anew: nothing but pixels is left, no place, no time, no camera. */
export function jpeg(canvas)
{
    return new Promise((resolve, reject) => {
        canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new PhotoError('unreadable'))), 'image/jpeg', JPEG_QUALITY);
    });
}

/** Gives the memory of a picture back. */
export function forget(picture)
{
    if (picture) URL.revokeObjectURL(picture.url);
}
