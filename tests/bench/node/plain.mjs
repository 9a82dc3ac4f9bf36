// A competent evening's bot: reverse WebSocket in (ws), NFKC, a thousand rules, the rows that tight_work.c writes in one
// transaction a message (better-sqlite3). No queue, no alerts, no answer to anybody.
//   node plain.mjs PORT FOLDER WORDS
import fs from 'node:fs'
import http from 'node:http'
import Database from 'better-sqlite3'
import { WebSocketServer } from 'ws'

const [port, folder, wordsFile] = process.argv.slice(2)
const words = fs.readFileSync(wordsFile, 'utf8').split('\n').filter(Boolean)
const db = new Database(folder + '/plain.db')
db.pragma('journal_mode = WAL')
db.pragma('synchronous = NORMAL')
db.pragma('cache_size = -65536')
db.exec(`CREATE TABLE message(seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, channel INTEGER NOT NULL, msgid TEXT NOT NULL,
  grp TEXT NOT NULL, sender TEXT NOT NULL, text TEXT, UNIQUE(ts, channel, msgid));
CREATE INDEX message_grp ON message(grp, ts);
CREATE TABLE contact(pid TEXT PRIMARY KEY, name TEXT, last_seen INTEGER) WITHOUT ROWID;
CREATE TABLE tag(contact TEXT, word INTEGER, seq INTEGER, ts INTEGER, PRIMARY KEY(contact, word)) WITHOUT ROWID;
CREATE TABLE outbox(id INTEGER PRIMARY KEY, seq INTEGER, target TEXT, body TEXT, state INTEGER, due INTEGER);`)
const message = db.prepare('INSERT OR IGNORE INTO message(ts, channel, msgid, grp, sender, text) VALUES(?, 1, ?, ?, ?, ?)')
const contact = db.prepare('INSERT INTO contact(pid, name, last_seen) VALUES(?, ?, ?) ON CONFLICT(pid) DO UPDATE SET name = excluded.name, last_seen = excluded.last_seen')
const tag = db.prepare('INSERT OR REPLACE INTO tag(contact, word, seq, ts) VALUES(?, ?, ?, ?)')
const outbox = db.prepare("INSERT INTO outbox(seq, target, body, state, due) VALUES(?, 'ops', ?, 0, ?)")
let applied = 0

const take = db.transaction(e => {
  const text = e.message.map(s => s.type === 'text' ? s.data.text : `[${s.type}]`).join('')
  const folded = text.normalize('NFKC').toLowerCase()
  const done = message.run(e.time, `${e.self_id}:${e.message_id}`, String(e.group_id), String(e.user_id), text)
  if (!done.changes) return
  contact.run(String(e.user_id), e.sender.card || e.sender.nickname, e.time)
  for (let i = 0; i < words.length; i++) {
    if (!folded.includes(words[i])) continue
    tag.run(String(e.user_id), i, done.lastInsertRowid, e.time)
    outbox.run(done.lastInsertRowid, text, e.time)
  }
})

const server = http.createServer((req, res) => { // where load looks how far it is
  const text = `\nqund_events_applied_total ${applied}\n`
  res.writeHead(200, { 'Content-Length': text.length }).end(text)
})
server.keepAliveTimeout = 0 // busy is not idle
new WebSocketServer({ server }).on('connection', ws => ws.on('message', data => {
  const e = JSON.parse(data)
  if (e.post_type !== 'message') return
  take(e)
  applied++
}))
server.listen(+port, '127.0.0.1', () => console.log('up'))
