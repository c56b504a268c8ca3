// Prints where a Chromium is: one on PATH when there is, else the one of the npm package, unpacked.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const found = (process.env.PATH ?? '').split(':').flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));
console.log(found ?? (await chromium.executablePath()));
