// Prints a random session of three real Yjs clients as JSON: every update they sent, and what they all ended with.
// With the word "replay" it applies the updates on stdin, in that order, and prints the texts they make.
// Undo, half emoji, replaced texts and deleted files included: what editors in browsers really produce.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [folder, seed, steps] = process.argv.slice(2)
const Y = createRequire(folder + '/package.json')('yjs')

const textsOf = (doc) => {
  const texts = {}
  for (const [key, file] of doc.getMap('files')) texts[key] = (file.get('content') ?? '').toString()
  return texts
}

if (seed === 'replay') {
  const doc = new Y.Doc()
  const updates = JSON.parse(readFileSync(0, 'utf8'))
  for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'base64'))
  console.log(JSON.stringify({ texts: textsOf(doc) }))
  process.exit(0)
}

let state = Number(seed) >>> 0
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}
const below = (n) => Math.floor(random() * n)
const pieces = ['a', 'bc', '\n', 'é', '😀', '\0', '\ud83d', '👩‍💻', 'x'.repeat(20)]

const docs = [0, 1, 2].map(() => new Y.Doc())
docs.forEach((doc) => (doc.clientID = 1 + below(2 ** 31)))
const updates = []
docs.forEach((doc) => doc.on('update', (update, origin) => origin !== 'remote' && updates.push(update)))
const undo = docs.map((doc) => new Y.UndoManager(doc.getMap('files'), { captureTimeout: 0 }))

for (let step = 0; step < Number(steps); step++) {
  const who = below(3)
  const files = docs[who].getMap('files')
  const keys = [...files.keys()]
  const choice = random()
  if (!keys.length || choice < 0.04) {
    const file = new Y.Map()
    file.set('name', below(3) + '.txt')
    file.set('language', 'text')
    file.set('content', new Y.Text(pieces[below(pieces.length)]))
    files.set('k' + below(5), file)
  } else {
    const key = keys[below(keys.length)]
    const file = files.get(key)
    const text = file.get('content') ?? new Y.Text()
    // Undo may leave a file without its text.
    if (!file.has('content')) file.set('content', text)
    if (choice < 0.06) files.delete(key)
    else if (choice < 0.1) file.set('name', below(5) + '.py')
    else if (choice < 0.14) undo[who].undo()
    else if (choice < 0.16) undo[who].redo()
    else if (choice < 0.17) file.set('content', new Y.Text('fresh'))
    else if (text.length && choice < 0.4) {
      const at = below(text.length)
      text.delete(at, 1 + below(Math.min(5, text.length - at)))
    } else text.insert(below(text.length + 1), pieces[below(pieces.length)])
  }
  if (random() < 0.15) {
    const other = below(3)
    if (other !== who) {
      Y.applyUpdate(docs[other], Y.encodeStateAsUpdate(docs[who], Y.encodeStateVector(docs[other])), 'remote')
    }
  }
}
for (const from of docs) for (const to of docs) Y.applyUpdate(to, Y.encodeStateAsUpdate(from), 'remote')
const base64 = (bytes) => Buffer.from(bytes).toString('base64')
console.log(JSON.stringify({ updates: updates.map(base64), texts: textsOf(docs[0]), full: base64(Y.encodeStateAsUpdate(docs[0])) }))
